"""A client of influenced, a service that shows what training data did to a network.

from influenced import Service

service = Service()
data = service.upload_dataset("animals", train=train_set, test=test_set)
model = service.upload_model("net", net, data)
job = model.remove(class_="ship")
job.result.after.test.accuracy
job.apply_to(net)
"""

from . import plots, safetensors
from .dataset import Dataset
from .errors import (
    DataError,
    Fault,
    InfluencedError,
    JobError,
    MissingPackage,
    ModelError,
    ServiceError,
    Unreachable,
)
from .job import Job
from .model import Model
from .service import Service

__all__ = [
    "DataError", "Dataset", "Fault", "InfluencedError", "Job", "JobError", "MissingPackage", "Model", "ModelError",
    "Service", "ServiceError", "Unreachable", "plots", "safetensors",
]  # fmt: skip
