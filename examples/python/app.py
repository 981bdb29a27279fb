"""A CDK app in Python beside a deployment of the webhooks: its rules are on the deployment's bus."""

import json

from aws_cdk import App, Stack, aws_events as events, aws_events_targets as targets, aws_s3 as s3, aws_sqs as sqs
from constructs import Construct


class NightlyEval(Stack):
    """Sends the outputs of one application's batches to a queue, which a worker of its own reads."""

    def __init__(self, scope: Construct, construct_id: str, *, outputs: dict[str, str], **kwargs) -> None:
        super().__init__(scope, construct_id, **kwargs)
        queue = sqs.Queue(self, "Stored", enforce_ssl=True)
        events.Rule(
            self,
            "BatchesStored",
            event_bus=events.EventBus.from_event_bus_name(self, "Bus", outputs["EventBusName"]),
            event_pattern=events.EventPattern(
                source=["gemini.webhooks"],
                detail_type=["output.stored"],
                detail={"jobType": ["batch"], "userMetadata": {"job_group": ["nightly-eval"]}},
            ),
            targets=[targets.SqsQueue(queue)],
        )
        # For the worker: bucket.grant_read(worker_role, "batch/*")
        self.bucket = s3.Bucket.from_bucket_name(self, "Outputs", outputs["OutputBucketName"])


app = App()
with open("outputs.json", encoding="utf-8") as file:
    NightlyEval(app, "NightlyEval", outputs=json.load(file)["GeminiWebhooks"])
app.synth()
