// SPDX-License-Identifier: Apache-2.0
#include "api/scim_documents.h"

#include <algorithm>

#include "scim/resource.h"

namespace strongroom::api {
namespace {

std::string text_in(const json::object& object, std::string_view name) {
  return optional_string(object, name).value_or(std::string());
}

std::string place_of(const std::string& base, const scim::ResourceType& type,
                     const std::string& id) {
  return base + std::string(type.endpoint) + "/" + id;
}

template <class View>
json::object meta_of(const View& view, const scim::ResourceType& type, const std::string& base) {
  return {{"resourceType", type.name},
          {"created", to_rfc3339(view.created)},
          {"lastModified", to_rfc3339(view.changed)},
          {"location", place_of(base, type, view.id.text())},
          {"version", scim_version(view.version)}};
}

}  // namespace

std::string scim_base(const std::string& console_url) {
  return console_url + (console_url.ends_with('/') ? "scim/v2" : "/scim/v2");
}

std::string scim_version(std::int64_t version) {
  return "W/\"" + std::to_string(version) + "\"";
}

json::object scim_resource(const vault::ProvisionedUserView& view, const std::string& base) {
  const auto& type = scim::user_type();
  json::object out{{"schemas", json::array{type.schema}}, {"id", view.id.text()}};
  if (const auto kept = parse_json(view.document); kept && kept->is_object())
    for (const auto& [name, value] : kept->get_object()) out[name] = value;
  out["active"] = view.is_active;
  json::array groups;
  for (const auto& [id, name] : view.groups)
    groups.emplace_back(json::object{{"value", id.text()},
                                     {"$ref", place_of(base, scim::group_type(), id.text())},
                                     {"display", name}});
  if (!groups.empty()) out["groups"] = std::move(groups);
  out["meta"] = meta_of(view, type, base);
  return out;
}

json::object scim_resource(const vault::ProvisionedGroupView& view, const std::string& base) {
  const auto& type = scim::group_type();
  json::object out{
      {"schemas", json::array{type.schema}}, {"id", view.id.text()}, {"displayName", view.name}};
  if (!view.external_id.empty()) out["externalId"] = view.external_id;
  json::array members;
  for (const auto& id : view.members)
    members.emplace_back(json::object{{"value", id.text()},
                                      {"$ref", place_of(base, scim::user_type(), id.text())},
                                      {"type", "User"}});
  if (!members.empty()) out["members"] = std::move(members);
  out["meta"] = meta_of(view, type, base);
  return out;
}

Result<json::object> scim_user_given(json::object body, bool is_active) {
  const bool says = std::ranges::any_of(body, [](const auto& each) {
    return scim::is_same_name(each.key(), "active") && !each.value().is_null();
  });
  if (!says) body["active"] = is_active;
  return scim::written(scim::user_type(), body);
}

vault::ProvisionedUserChange scim_user_change(json::object written) {
  vault::ProvisionedUserChange change;
  change.name = text_in(written, "userName");
  change.external_id = text_in(written, "externalId");
  change.is_active = written.at("active").get_bool();
  written.erase("active");
  change.document = to_text(written);
  return change;
}

Result<vault::ProvisionedGroupChange> scim_group_change(const json::object& written) {
  vault::ProvisionedGroupChange change;
  change.name = text_in(written, "displayName");
  change.external_id = text_in(written, "externalId");
  const auto* members = written.if_contains("members");
  if (members == nullptr || !members->is_array()) return change;
  for (const auto& each : members->get_array()) {
    const auto id = each.is_object() ? ProvisionedUserId::parse(text_in(each.get_object(), "value"))
                                     : Result<ProvisionedUserId>(fail(Code::Invalid, "no id"));
    if (!id) return fail(Code::Invalid, "A member of the group is no user here.", "invalidValue");
    change.members.push_back(*id);
  }
  return change;
}

}  // namespace strongroom::api
