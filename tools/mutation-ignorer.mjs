/** What Stryker leaves as it is: log lines and the messages of errors, which only people read. */

const LOG = /(^|\.)log(ger)?\.(info|warn|error)$/;

const texts = {
  shouldIgnore(path) {
    if (path.isCallExpression() && LOG.test(path.get('callee').toString())) return 'a log line';
    const isSecond = path.listKey === 'arguments' && path.key === 1 && path.parentPath.isNewExpression();
    return isSecond && /Error$/.test(path.parentPath.get('callee').toString()) ? 'the message of an error' : undefined;
  },
};

export const strykerPlugins = [{ kind: 'Ignore', name: 'texts', value: texts }];
