/** What Stryker leaves as it is: log lines and the messages of errors, which only people read, and what changes nothing. */

const LOG = /(^|\.)log(ger)?\.(info|warn|error)$/;

function isLog(path) {
  return path.isCallExpression() && LOG.test(path.get('callee').toString());
}

/** `new Error(message)`, `storeUnavailable(message, cause)`, and `new RequestError(code, message)` with every other error. */
function isMessage({ listKey, key, parentPath }) {
  if (listKey !== 'arguments') return false;
  const name = parentPath.get('callee').toString();
  if (name === 'Error' || name === 'storeUnavailable') return key === 0;
  return parentPath.isNewExpression() && name.endsWith('Error') && key === 1;
}

const texts = {
  shouldIgnore(path) {
    if (isLog(path.isExpressionStatement() ? path.get('expression') : path)) return 'a log line';
    if (path.isArrowFunctionExpression() && isLog(path.get('body'))) return 'a log line';
    if (isMessage(path)) return 'the message of an error';
    return path.isStringLiteral({ value: 'utf8' }) ? 'an empty encoding is utf8 as well' : undefined;
  },
};

export const strykerPlugins = [{ kind: 'Ignore', name: 'texts', value: texts }];
