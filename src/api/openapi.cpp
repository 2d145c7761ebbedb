// SPDX-License-Identifier: Apache-2.0
#include "api/openapi.h"

#include <algorithm>

#include "api/operations.h"
#include "base/small_letters.h"

namespace strongroom::api {
namespace {

json::object reference(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

json::object json_content(json::object schema) {
  json::object media;
  media["schema"] = std::move(schema);
  json::object content;
  content["application/json"] = std::move(media);
  return content;
}

/// OpenAPI 3.1 has no word for the documents in a stream.
json::object stream_content(std::string_view name) {
  json::object media;
  media["schema"] = json::object{
      {"type", "string"},
      {"description", "Events; the data of each is a document as " + std::string(name) + " says"}};
  json::object content;
  content["text/event-stream"] = std::move(media);
  return content;
}

/// What a part of a path may be: the rules for ids (base/id.h) and names (base/utf8.h).
json::object path_parameter_schema(std::string_view name) {
  constexpr std::string_view kId = "^[a-z]{3}_[a-z2-7]{26}$";
  constexpr std::string_view kName = "^[a-z0-9][a-z0-9._@-]{0,63}$";
  return {{"type", "string"}, {"pattern", json::string_view(name == "id" ? kId : kName)}};
}

json::array parameters_of(const Operation& operation) {
  json::array out;
  for (std::string_view rest = operation.path; rest.find('{') != std::string_view::npos;) {
    rest.remove_prefix(rest.find('{') + 1);
    const std::string_view name = rest.substr(0, rest.find('}'));
    json::object parameter{{"name", json::string_view(name)}, {"in", "path"}, {"required", true}};
    parameter["schema"] = path_parameter_schema(name);
    out.emplace_back(std::move(parameter));
  }
  for (const Member& member : operation.query) {
    json::object parameter{{"name", json::string_view(member.name)},
                           {"in", "query"},
                           {"required", member.need == Need::Required}};
    parameter["schema"] = to_json_schema(member);
    out.emplace_back(std::move(parameter));
  }
  if (operation.shape == Shape::Events) {
    json::object parameter{{"name", "Last-Event-ID"}, {"in", "header"}, {"required", false}};
    parameter["schema"] = json::object{{"type", "string"}};
    out.emplace_back(std::move(parameter));
  }
  return out;
}

json::object success_of(const Operation& operation) {
  json::object out{{"description", json::string_view(operation.summary)}};
  if (operation.shape == Shape::Nothing || operation.shape == Shape::Switch) return out;
  if (operation.shape == Shape::Events) {
    out["content"] = stream_content(operation.response);
    return out;
  }
  json::object schema{{"type", "object"}};
  if (!operation.response.empty()) schema = reference(operation.response);
  if (operation.shape == Shape::List) {
    json::object list{{"type", "array"}};
    list["items"] = std::move(schema);
    schema = std::move(list);
  }
  out["content"] = json_content(std::move(schema));
  return out;
}

/// Each alone suffices.
json::array security_of(Access access) {
  const auto scheme = [](std::string_view name) {
    json::object out;
    out[json::string_view(name)] = json::array();
    return out;
  };
  if (access == Access::Ticket) return {scheme("ticket")};
  return {scheme("operator"), scheme("runner")};
}

json::object describe(const Operation& operation) {
  json::object out{{"operationId", json::string_view(operation.name)},
                   {"summary", json::string_view(operation.summary)}};
  out["tags"] = json::array{json::string_view(operation.name.substr(0, operation.name.find('.')))};
  if (json::array parameters = parameters_of(operation); !parameters.empty())
    out["parameters"] = std::move(parameters);
  if (!operation.request.empty()) {
    const auto members = schema(operation.request).members;
    const bool is_required = std::ranges::any_of(
        members, [](const Member& member) { return member.need == Need::Required; });
    json::object body{{"required", is_required}};
    body["content"] = json_content(reference(operation.request));
    if (operation.takes_form)
      body["content"].as_object()["application/x-www-form-urlencoded"] =
          json::object{{"schema", reference(operation.request)}};
    out["requestBody"] = std::move(body);
  }
  if (operation.access == Access::Somebody) out["x-right"] = vault::name_of(operation.right);
  if (operation.access != Access::Somebody) out["security"] = security_of(operation.access);
  json::object failure{{"description", "What went wrong"}};
  failure["content"] = json_content(reference("Error"));
  json::object responses;
  responses[std::to_string(operation.status)] = success_of(operation);
  responses["default"] = std::move(failure);
  out["responses"] = std::move(responses);
  return out;
}

}  // namespace

json::object openapi_document() {
  json::object paths;
  for (const Operation& operation : operations()) {
    json::value& item = paths[json::string_view(operation.path)];
    if (!item.is_object()) item = json::object();
    item.get_object()[in_small_letters(std::string(operation.method))] = describe(operation);
  }
  json::object all_schemas;
  for (const Schema& each : schemas())
    all_schemas[json::string_view(each.name)] = to_json_schema(each);
  // What is sent may hold nothing else; what is answered may grow.
  for (const Operation& operation : operations())
    if (!operation.request.empty())
      all_schemas[json::string_view(operation.request)].as_object()["additionalProperties"] = false;
  json::object security_schemes;
  security_schemes["operator"] = json::object{
      {"type", "http"}, {"scheme", "bearer"}, {"description", "The content of operator.token"}};
  security_schemes["token"] = json::object{
      {"type", "http"}, {"scheme", "bearer"}, {"description", "A token (sra_...) of a tenant"}};
  security_schemes["ticket"] = json::object{
      {"type", "http"}, {"scheme", "bearer"}, {"description", "A ticket; good for one call"}};
  security_schemes["runner"] = json::object{
      {"type", "http"}, {"scheme", "bearer"}, {"description", "A runner's; good for its session"}};
  json::object components;
  components["schemas"] = std::move(all_schemas);
  components["securitySchemes"] = std::move(security_schemes);
  json::object security;
  security["operator"] = json::array();
  json::array securities;
  securities.emplace_back(std::move(security));
  json::object by_token;
  by_token["token"] = json::array();
  securities.emplace_back(std::move(by_token));
  json::array servers;
  servers.emplace_back(json::object{{"url", "http://127.0.0.1:8700"}});

  json::object document{{"openapi", "3.1.0"}};
  document["info"] = json::object{
      {"title", "Strongroom control API"},
      {"version", STRONGROOM_VERSION},
      {"description",
       "Keys go in and never come out. Errors: {\"error\":{\"code\",\"message\",\"hint\"}}."}};
  document["servers"] = std::move(servers);
  document["security"] = std::move(securities);
  document["paths"] = std::move(paths);
  document["components"] = std::move(components);
  return document;
}

}  // namespace strongroom::api
