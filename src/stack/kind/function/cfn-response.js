// Answers a custom resource of CloudFormation: the module that AWS puts beside inline code, with the same interface.

const http = require("http");
const https = require("https");

exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = (event, context, responseStatus, responseData, physicalResourceId, noEcho) =>
  new Promise((resolve) => {
    const body = JSON.stringify({
      Status: responseStatus,
      Reason: `See the details in CloudWatch Log Stream: ${context.logStreamName}`,
      PhysicalResourceId: physicalResourceId || context.logStreamName,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      NoEcho: noEcho || false,
      Data: responseData,
    });
    console.log("Response body:\n", body);
    const url = new URL(event.ResponseURL);
    // The address is presigned for an empty type.
    const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
    const client = url.protocol === "http:" ? http : https;
    // As on AWS, a function that can't answer has not failed: the resource waits until its time is over.
    const over = () => {
      context.done();
      resolve();
    };
    const request = client.request(url, { method: "PUT", headers }, (response) => {
      console.log("Status code: " + response.statusCode);
      response.resume();
      over();
    });
    request.on("error", (error) => {
      console.log("send(..) failed executing request(..): " + error);
      over();
    });
    request.end(body);
  });
