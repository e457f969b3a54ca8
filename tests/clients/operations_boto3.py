#!/usr/bin/env python3
"""Calls every operation of boto3's model of API Gateway: with what it wants, and with what it can't take."""
import datetime
import json
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
client = boto3.client("apigateway", region_name="us-east-1", endpoint_url=ENDPOINT)
# Sends what the model forbids, too: the server has to say no by itself.
careless = boto3.client("apigateway", region_name="us-east-1", endpoint_url=ENDPOINT,
                        config=Config(parameter_validation=False, retries={"max_attempts": 0}))
model = client.meta.service_model
method_of = {name: python for python, name in client.meta.method_to_api_mapping.items()}

called = set()


def call(operation, **members):
    """Calls an operation that has to work."""
    answer = getattr(client, method_of[operation])(**members)
    called.add(operation)
    return answer


def patch(path, value, op="replace"):
    return [{"op": op, "path": path, "value": value}]


def walk():
    """A life of an API and all that belongs to it, through every operation."""
    region = "arn:aws:apigateway:us-east-1:"
    role = "arn:aws:iam::123456789012:role/operations"
    call("GetAccount")
    call("UpdateAccount", patchOperations=patch("/cloudwatchRoleArn", role))

    api = call("CreateRestApi", name="all", description="d", tags={"a": "b"})["id"]
    assert call("GetRestApi", restApiId=api)["name"] == "all"
    assert [item["id"] for item in call("GetRestApis")["items"]] == [api]
    call("UpdateRestApi", restApiId=api, patchOperations=patch("/name", "every"))
    arn = f"{region}:/restapis/{api}"
    call("TagResource", resourceArn=arn, tags={"c": "d"})
    call("UntagResource", resourceArn=arn, tagKeys=["a"])
    assert call("GetTags", resourceArn=arn)["tags"] == {"c": "d"}

    root = call("GetResources", restApiId=api)["items"][0]["id"]
    pets = call("CreateResource", restApiId=api, parentId=root, pathPart="pet")["id"]
    call("UpdateResource", restApiId=api, resourceId=pets, patchOperations=patch("/pathPart", "pets"))
    assert call("GetResource", restApiId=api, resourceId=pets)["path"] == "/pets"

    schema = json.dumps({"type": "object", "properties": {"name": {"type": "string"}}})
    call("CreateModel", restApiId=api, name="Pet", contentType="application/json", schema=schema)
    call("UpdateModel", restApiId=api, modelName="Pet", patchOperations=patch("/description", "a pet"))
    assert call("GetModel", restApiId=api, modelName="Pet")["description"] == "a pet"
    assert {"Pet"} <= {item["name"] for item in call("GetModels", restApiId=api)["items"]}
    assert "name" in call("GetModelTemplate", restApiId=api, modelName="Pet")["value"]

    validator = call("CreateRequestValidator", restApiId=api, name="v", validateRequestBody=True)["id"]
    call("UpdateRequestValidator", restApiId=api, requestValidatorId=validator, patchOperations=patch("/name", "w"))
    assert call("GetRequestValidator", restApiId=api, requestValidatorId=validator)["name"] == "w"
    assert len(call("GetRequestValidators", restApiId=api)["items"]) == 1

    function = f"{region}lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations"
    authorizer = call("CreateAuthorizer", restApiId=api, name="a", type="TOKEN", authorizerUri=function,
                      identitySource="method.request.header.Auth", identityValidationExpression="ok")["id"]
    call("UpdateAuthorizer", restApiId=api, authorizerId=authorizer,
         patchOperations=patch("/authorizerResultTtlInSeconds", "0"))
    assert call("GetAuthorizer", restApiId=api, authorizerId=authorizer)["authorizerResultTtlInSeconds"] == 0
    assert len(call("GetAuthorizers", restApiId=api)["items"]) == 1
    tested = call("TestInvokeAuthorizer", restApiId=api, authorizerId=authorizer, headers={"Auth": "bad"})
    assert tested["clientStatus"] == 401, tested

    of_method = {"restApiId": api, "resourceId": pets, "httpMethod": "GET"}
    call("PutMethod", **of_method, authorizationType="NONE", apiKeyRequired=True)
    call("UpdateMethod", **of_method, patchOperations=patch("/operationName", "GetPets"))
    assert call("GetMethod", **of_method)["operationName"] == "GetPets"
    call("PutIntegration", **of_method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    call("UpdateIntegration", **of_method, patchOperations=patch("/timeoutInMillis", "5000"))
    assert call("GetIntegration", **of_method)["timeoutInMillis"] == 5000
    call("PutMethodResponse", **of_method, statusCode="200")
    call("UpdateMethodResponse", **of_method, statusCode="200",
         patchOperations=patch("/responseParameters/method.response.header.X", "true", "add"))
    assert "method.response.header.X" in call("GetMethodResponse", **of_method, statusCode="200")["responseParameters"]
    call("PutIntegrationResponse", **of_method, statusCode="200", responseTemplates={"application/json": "[]"})
    call("UpdateIntegrationResponse", **of_method, statusCode="200",
         patchOperations=patch("/responseTemplates/application~1json", '["x"]'))
    assert call("GetIntegrationResponse", **of_method, statusCode="200")["responseTemplates"] == {
        "application/json": '["x"]'}
    assert call("TestInvokeMethod", **of_method)["body"] == '["x"]'

    call("PutGatewayResponse", restApiId=api, responseType="THROTTLED", statusCode="430")
    call("UpdateGatewayResponse", restApiId=api, responseType="THROTTLED", patchOperations=patch("/statusCode", "431"))
    assert call("GetGatewayResponse", restApiId=api, responseType="THROTTLED")["statusCode"] == "431"
    assert 20 < len(call("GetGatewayResponses", restApiId=api)["items"])
    call("DeleteGatewayResponse", restApiId=api, responseType="THROTTLED")

    part = call("CreateDocumentationPart", restApiId=api, location={"type": "API"}, properties='{"description":"x"}')["id"]
    call("UpdateDocumentationPart", restApiId=api, documentationPartId=part,
         patchOperations=patch("/properties", '{"description":"y"}'))
    assert "y" in call("GetDocumentationPart", restApiId=api, documentationPartId=part)["properties"]
    assert len(call("GetDocumentationParts", restApiId=api)["items"]) == 1
    document = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}}
    call("ImportDocumentationParts", restApiId=api, body=json.dumps(document).encode())
    call("CreateDocumentationVersion", restApiId=api, documentationVersion="1")
    call("UpdateDocumentationVersion", restApiId=api, documentationVersion="1", patchOperations=patch("/description", "z"))
    assert call("GetDocumentationVersion", restApiId=api, documentationVersion="1")["description"] == "z"
    assert len(call("GetDocumentationVersions", restApiId=api)["items"]) == 1

    deployment = call("CreateDeployment", restApiId=api)["id"]
    call("UpdateDeployment", restApiId=api, deploymentId=deployment, patchOperations=patch("/description", "first"))
    assert call("GetDeployment", restApiId=api, deploymentId=deployment)["description"] == "first"
    assert len(call("GetDeployments", restApiId=api)["items"]) == 1
    stage = {"restApiId": api, "stageName": "dev"}
    call("CreateStage", **stage, deploymentId=deployment)
    call("UpdateStage", **stage, patchOperations=patch("/variables/v", "1"))
    assert call("GetStage", **stage)["variables"] == {"v": "1"}
    assert len(call("GetStages", restApiId=api)["item"]) == 1
    call("FlushStageCache", **stage)
    call("FlushStageAuthorizersCache", **stage)
    assert b"/pets" in call("GetExport", **stage, exportType="oas30")["body"].read()
    kinds = {item["id"] for item in call("GetSdkTypes")["items"]}
    assert "javascript" in kinds, kinds
    assert call("GetSdkType", id="javascript")["id"] == "javascript"
    assert call("GetSdk", **stage, sdkType="javascript")["body"].read()[:2] == b"PK"

    key = call("CreateApiKey", name="k", enabled=True)["id"]
    call("UpdateApiKey", apiKey=key, patchOperations=patch("/description", "d"))
    assert "value" not in call("GetApiKey", apiKey=key)
    assert len(call("GetApiKeys")["items"]) == 1
    rows = b"Name,key,description,Enabled,usageplanIds\nimported,0123456789-0123456789-0123456789,d,TRUE,\n"
    imported = call("ImportApiKeys", body=rows, format="csv")["ids"]
    plan = call("CreateUsagePlan", name="p", quota={"limit": 9, "period": "DAY"}, apiStages=[
        {"apiId": api, "stage": "dev"}])["id"]
    call("UpdateUsagePlan", usagePlanId=plan, patchOperations=patch("/name", "q"))
    assert call("GetUsagePlan", usagePlanId=plan)["name"] == "q"
    assert len(call("GetUsagePlans")["items"]) == 1
    of_plan = {"usagePlanId": plan, "keyId": key}
    call("CreateUsagePlanKey", **of_plan, keyType="API_KEY")
    assert call("GetUsagePlanKey", **of_plan)["id"] == key
    assert len(call("GetUsagePlanKeys", usagePlanId=plan)["items"]) == 1
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    call("UpdateUsage", **of_plan, patchOperations=patch("/remaining", "5"))
    assert call("GetUsage", **of_plan, startDate=today, endDate=today)["items"][key] == [[0, 5]]
    call("DeleteUsagePlanKey", **of_plan)
    call("UpdateUsagePlan", usagePlanId=plan, patchOperations=patch("/apiStages", f"{api}:dev", "remove"))
    call("DeleteUsagePlan", usagePlanId=plan)
    for made in [key, *imported]:
        call("DeleteApiKey", apiKey=made)

    certificate = call("GenerateClientCertificate")["clientCertificateId"]
    of_certificate = {"clientCertificateId": certificate}
    call("UpdateClientCertificate", **of_certificate, patchOperations=patch("/description", "c"))
    assert "BEGIN CERTIFICATE" in call("GetClientCertificate", **of_certificate)["pemEncodedCertificate"]
    assert len(call("GetClientCertificates")["items"]) == 1
    call("DeleteClientCertificate", **of_certificate)

    link = call("CreateVpcLink", name="l", targetArns=[
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/l/1"])["id"]
    call("UpdateVpcLink", vpcLinkId=link, patchOperations=patch("/name", "m"))
    assert call("GetVpcLink", vpcLinkId=link)["name"] == "m"
    assert len(call("GetVpcLinks")["items"]) == 1
    call("DeleteVpcLink", vpcLinkId=link)

    domain = {"domainName": "api.example.com"}
    call("CreateDomainName", **domain, regionalCertificateArn="arn:aws:acm:us-east-1:123456789012:certificate/1",
         endpointConfiguration={"types": ["REGIONAL"]})
    call("UpdateDomainName", **domain, patchOperations=patch("/securityPolicy", "TLS_1_2"))
    assert call("GetDomainName", **domain)["domainName"] == "api.example.com"
    assert len(call("GetDomainNames")["items"]) == 1
    call("CreateBasePathMapping", **domain, restApiId=api, basePath="v1", stage="dev")
    call("UpdateBasePathMapping", **domain, basePath="v1", patchOperations=patch("/basePath", "v2"))
    assert call("GetBasePathMapping", **domain, basePath="v2")["stage"] == "dev"
    assert len(call("GetBasePathMappings", **domain)["items"]) == 1
    call("DeleteBasePathMapping", **domain, basePath="v2")
    call("DeleteDomainName", **domain)

    private = call("CreateDomainName", domainName="inner.example.com", policy="{}",
                   certificateArn="arn:aws:acm:us-east-1:123456789012:certificate/1",
                   endpointConfiguration={"types": ["PRIVATE"]})
    inner = {"domainName": "inner.example.com", "domainNameId": private["domainNameId"]}
    call("UpdateDomainName", **inner, patchOperations=patch("/managementPolicy", "{}"))
    endpoint = {"domainNameArn": private["domainNameArn"], "accessAssociationSourceType": "VPCE"}
    for verb in ("Delete", "Reject"):
        association = call("CreateDomainNameAccessAssociation", **endpoint, accessAssociationSource="vpce-1")
        arn = association["domainNameAccessAssociationArn"]
        assert [item["domainNameAccessAssociationArn"]
                for item in call("GetDomainNameAccessAssociations")["items"]] == [arn]
        members = {"domainNameArn": private["domainNameArn"]} if verb == "Reject" else {}
        call(f"{verb}DomainNameAccessAssociation", domainNameAccessAssociationArn=arn, **members)
    assert call("GetDomainNameAccessAssociations")["items"] == []
    call("DeleteDomainName", **inner)

    document["paths"] = {"/cats": {"get": {"responses": {"200": {"description": ""}}}}}
    second = call("ImportRestApi", body=json.dumps(document).encode())["id"]
    call("PutRestApi", restApiId=second, mode="overwrite", body=json.dumps(document).encode())
    call("DeleteRestApi", restApiId=second)

    call("DeleteStage", **stage)
    call("DeleteDeployment", restApiId=api, deploymentId=deployment)
    call("DeleteDocumentationVersion", restApiId=api, documentationVersion="1")
    call("DeleteDocumentationPart", restApiId=api, documentationPartId=part)
    call("DeleteIntegrationResponse", **of_method, statusCode="200")
    call("DeleteMethodResponse", **of_method, statusCode="200")
    call("DeleteIntegration", **of_method)
    call("DeleteMethod", **of_method)
    call("DeleteAuthorizer", restApiId=api, authorizerId=authorizer)
    call("DeleteRequestValidator", restApiId=api, requestValidatorId=validator)
    call("DeleteModel", restApiId=api, modelName="Pet")
    call("DeleteResource", restApiId=api, resourceId=pets)
    call("DeleteRestApi", restApiId=api)


NONSENSE = {
    "string": "no such thing!", "integer": -7, "long": -7, "double": -1.5, "boolean": True, "blob": b"\xff{", "timestamp": 0,
}


def nonsense(shape, depth=0):
    """A value of a shape that names nothing that there is."""
    if shape.type_name == "structure":
        members = shape.members.items() if depth < 4 else ()
        return {name: nonsense(member, depth + 1) for name, member in members}
    if shape.type_name == "list":
        return [nonsense(shape.member, depth + 1)]
    if shape.type_name == "map":
        return {"no such!": nonsense(shape.value, depth + 1)}
    return NONSENSE[shape.type_name]


def refused(operation, members):
    """The code that a call is refused with, or None if it isn't."""
    try:
        getattr(careless, method_of[operation])(**members)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message")
        assert 400 <= status < 500 and message, f"{operation} {members}: {error.response}"
        known = {shape.name for shape in model.operation_model(operation).error_shapes}
        common = {"BadRequestException", "ValidationException", "NotFoundException", "SerializationException"}
        assert code in known | common, f"{operation}: {code} is none of {sorted(known)}"
        return code
    return None


def invalid():
    """Every operation is sent nonsense, and is left without each member that it requires."""
    # What filters a listing or flags an account may say anything.
    harmless = {name for name in model.operation_names if model.operation_model(name).http["method"] == "GET"}
    # A certificate is described in any words, and recorded is that a plan which isn't there has no keys.
    content = {"GenerateClientCertificate", "GetUsagePlanKeys"}
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        members = {} if shape is None else nonsense(shape)
        # A position is made by the server.
        members.pop("position", None)
        in_path = [name for name, member in (shape.members.items() if shape else [])
                   if member.serialization.get("location") == "uri"]
        code = refused(operation, members)
        assert code or (operation in harmless and not in_path) or operation in content, f"{operation} takes {members}"
        for name in shape.required_members if shape else []:
            if name not in in_path:
                # Boto3 leaves nothing out of a path by itself.
                without = {member: value for member, value in members.items() if member != name}
                assert refused(operation, without), f"{operation} does without {name}"


walk()
missing = set(model.operation_names) - called
assert not missing, f"never called: {sorted(missing)}"
invalid()
print(f"{len(called)} operations answer as they should")
