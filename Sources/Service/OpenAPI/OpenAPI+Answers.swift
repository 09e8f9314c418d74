import Datasets
import JSON
import Jobs

extension OpenAPI {
  /// The schemas of the service's answers.
  static var answerSchemas: JSONObject {
    let optional = Schema.optional
    let contract: JSONObject = [
      "shape": Schema.array(Schema.integer(from: 1)),
      "type": Schema.described(
        optional(Schema.choice(["uint8", "float32", "float64"])), "How inputs are stored."),
      "range": Schema.described(
        optional(Schema.array(Schema.number)),
        "Smallest and largest value of inputs times the scale: of bytes by their type, of pictures of numbers as seen in "
          + "training; null for vectors of numbers."),
      "normalization": Schema.described(
        optional(["type": "object"]),
        "A network sees (stored · scale − mean) / standard_deviation, numbers a channel or feature; of more than "
          + "\(DataContract.mostDescribed) they are null."),
      "targets": Schema.choice(["classes", "values", "positions"]), "classes": Schema.integer(from: 1),
      "positions": Schema.described(Schema.integer(from: 1), "Positions of a sample, each with a class."),
      "class_names": optional(Schema.array(Schema.string)), "outputs": Schema.integer(from: 1),
    ]
    let links: JSONValue = ["type": "object", "additionalProperties": Schema.string]
    let job: JSONObject = [
      "id": Schema.id, "kind": Schema.string,
      "state": Schema.choice(["queued", "running", "succeeded", "failed", "cancelled"]),
      "priority": Schema.integer, "attempt": Schema.integer(from: 1), "created_at": Schema.time,
      "started_at": optional(Schema.time), "finished_at": optional(Schema.time),
      "progress": optional(Schema.ref("Progress")), "request": ["type": "object"],
      "estimate": optional(Schema.ref("Estimate")), "error": optional(Schema.ref("JobError")), "links": links,
    ]
    return [
      "Problem": Schema.described(
        Schema.answer(
          [
            "type": Schema.string, "title": Schema.string, "status": Schema.integer(from: 400, to: 599),
            "detail": Schema.string,
          ],
          [
            "errors": Schema.array(
              Schema.answer([
                "pointer": Schema.described(Schema.string, "RFC 6901"), "detail": Schema.string,
              ]))
          ]), "RFC 9457; errors has every fault of a body at once."),
      "Service": Schema.answer([
        "name": Schema.string, "version": Schema.string, "started_at": Schema.time, "links": links,
        "capabilities": ["type": "object"], "limits": ["type": "object"],
      ]),
      "Progress": Schema.answer(
        [
          "fraction": Schema.number(.share), "phase": optional(Schema.string), "detail": Schema.string,
          "eta": optional(Schema.number(.notNegative)),
        ], ["seconds": ["type": "object", "additionalProperties": Schema.number]]),
      "Estimate": Schema.described(
        Schema.answer([
          "memory_bytes": Schema.integer(from: 0), "seconds": Schema.number(.notNegative),
          "result_bytes": Schema.integer(from: 0),
        ]), "What was expected of the job when it was posted; one beyond the service's limits is refused."),
      "JobError": Schema.answer([
        "reason": Schema.choice(JobFailure.Reason.allCases.map(\.rawValue)), "message": Schema.string,
        "advice": Schema.string,
      ]),
      "JobSummary": Schema.answer(job),
      "Job": Schema.answer(job.merging(["result": optional(Schema.ref("Result"))])),
      "Checkpoint": Schema.answer(
        [
          "id": Schema.id, "model": Schema.name,
          "kind": Schema.choice(CheckpointOrigin.allCases.map(\.rawValue)), "job": optional(Schema.id),
          "parent": optional(Schema.id), "metrics": ["type": "object"],
          "bytes": Schema.integer(from: 0), "sha256": Schema.sha256, "created_at": Schema.time,
          "links": links,
        ],
        [
          "training": optional(["type": "object"]),
          "record": Schema.described(
            Schema.answer([
              "dataset": optional(Schema.name), "edits": Schema.array(["type": "object"]),
              "incomplete": Schema.boolean, "counts": optional(["type": "object"]),
            ]),
            "The training data that the weights stand for: what edits took out and put right since the training."
          ),
          "notes": Schema.described(
            Schema.array(Schema.string),
            "Of an upload: what was done to fit its names and types to the model."),
          "warnings": Schema.described(
            Schema.array(Schema.string), "Of an upload: what is taken but looks wrong."),
        ]),
      "Model": Schema.answer(
        [
          "name": Schema.name, "dataset": Schema.name, "architecture": Schema.anything,
          "precision": Schema.choice(["float32", "float64"]), "loss": Schema.anything,
          "weight_decay": Schema.number, "seed": Schema.integer, "training": optional(["type": "object"]),
          "reference": optional(["type": "object"]), "job": optional(Schema.id),
          "parameters": Schema.integer(from: 0), "checkpoint": optional(Schema.ref("Checkpoint")),
          "metrics": optional(["type": "object"]), "created_at": Schema.time, "links": links,
        ],
        [
          "layers": Schema.array(
            Schema.answer([
              "name": Schema.string, "type": Schema.string, "output_shape": Schema.array(Schema.integer),
              "parameters": Schema.integer(from: 0),
            ])), "checkpoints": Schema.array(Schema.ref("Checkpoint")),
          "contract": Schema.described(
            optional(Schema.ref("Contract")),
            "What the model expects of data sets, fixed with it; not in lists."),
        ]),
      "Dataset": Schema.answer(
        [
          "name": Schema.name, "state": Schema.choice(["incomplete", "ready", "failed"]),
          "created_at": Schema.time, "source": ["type": "object"], "links": links,
        ],
        contract.merging([
          "splits": ["type": "object"],
          "groups": ["type": "object", "additionalProperties": Schema.integer(from: 0)],
          "sha256": Schema.sha256, "bytes": Schema.described(Schema.integer(from: 0), "In memory."),
          "origin": Schema.string, "missing": Schema.string,
          "arrays": Schema.array(["type": "object"]),
          "notes": Schema.described(
            Schema.array(Schema.string),
            "Of an upload: how the array was stored, if otherwise than it is read."),
          "warnings": Schema.described(
            Schema.array(Schema.string), "What looks wrong about the set, although it can be used."),
          "whole_numbers": Schema.described(
            Schema.array(optional(Schema.array(Schema.integer))),
            "Of vectors with features of whole numbers that a network sees as they are: for each feature the least and "
              + "the largest, or null."),
          "target_range": Schema.described(
            Schema.array(Schema.number), "The least and the largest regression target."),
          "overflow": Schema.described(
            optional(["type": "object"]), "The first sample that is too large for float32."),
        ])),
      "Contract": Schema.answer([:], contract),
      "Sample": Schema.answer(
        [
          "dataset": Schema.name, "split": Schema.choice(["train", "test"]), "index": Schema.integer(from: 0),
          "shape": Schema.array(Schema.integer(from: 1)), "values": Schema.array(Schema.number),
        ],
        [
          "label": Schema.integer(from: 0), "class_name": Schema.string,
          "labels": Schema.described(
            Schema.array(optional(Schema.integer(from: 0))),
            "The class of each position; null for one that counts for nothing."),
          "true_label": Schema.integer(from: 0),
          "target": Schema.array(Schema.number), "groups": Schema.array(Schema.string),
        ]),
    ]
  }
}
