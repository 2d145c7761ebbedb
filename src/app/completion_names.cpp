// Names that completion offers: asked of the server that the line means. Nothing of a key but its
// id, its service, its label and its owner's name is read here. SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <map>

#include "app/completion.h"
#include "app/control_client.h"
#include "app/output.h"
#include "catalog/catalog.h"

namespace strongroom::app {
namespace {

using Candidates = std::vector<Candidate>;

/// A list of the control API, and which members of its objects become what.
struct Source {
  std::string_view collection;
  bool is_of_tenant;
  std::string_view text;
  std::vector<std::string_view> help;
};

const std::map<std::string, Source, std::less<>>& sources() {
  static const std::map<std::string, Source, std::less<>> all{
      {"TENANT", {"tenants", false, "name", {"state"}}},
      {"MEMBER", {"members", true, "name", {"role", "tenant"}}},
      {"SKILL", {"skills", true, "name", {"services", "tenant"}}},
      {"LABEL", {"keys", true, "label", {"service", "tenant"}}},
      {"KEY", {"keys", true, "id", {"service", "label", "owner", "tenant", "state"}}},
      {"SESSION", {"sessions", true, "id", {"member", "tenant", "state"}}},
      {"TOKEN", {"tokens", true, "id", {"name", "tenant"}}},
      {"RECEIPT", {"receipts", false, "id", {"created"}}},
      {"SEAL", {"seals", false, "id", {"kind", "detail"}}}};
  return all;
}

/// "~/rooms" means as much here as it does to the shell, which does not say so while it completes.
std::optional<std::string> at_home(const std::optional<std::string>& data) {
  const char* home = std::getenv("HOME");
  if (!data || !data->starts_with("~/") || home == nullptr) return data;
  return home + data->substr(1);
}

json::array list(const TypedSoFar& typed, std::string_view collection, bool is_of_tenant) {
  auto server = find_server(at_home(typed.data));
  if (!server) return {};
  ControlClient client(std::move(*server));
  auto answer = client.get("/api/v1/" + std::string(collection) +
                           query({{"tenant", is_of_tenant ? typed.tenant : ""}}));
  return answer && answer->is_array() ? std::move(answer->get_array()) : json::array();
}

void add(Candidates& to, Candidate candidate) {
  for (const auto& each : to)
    if (each.text == candidate.text) return;
  to.push_back(std::move(candidate));
}

Candidates from(const Source& source, const TypedSoFar& typed) {
  Candidates out;
  for (const auto& each : list(typed, source.collection, source.is_of_tenant)) {
    if (!each.is_object()) continue;
    Candidate candidate{readable(each.get_object(), source.text), ""};
    for (const auto& member : source.help)
      if (const auto text = readable(each.get_object(), member); text != "-")
        candidate.help += (candidate.help.empty() ? "" : " ") + text;
    add(out, std::move(candidate));
  }
  return out;
}

Candidates services(const TypedSoFar& typed) {
  Candidates out = from({"services", false, "id", {"title"}}, typed);
  if (!out.empty()) return out;
  const auto built_in = catalog::Catalog::load("");
  if (built_in)
    for (const auto& [id, service] : built_in->services()) out.push_back({id, service.title});
  return out;
}

/// "gemini", and "gemini:LABEL" for each of the tenant's keys that has a label of its own.
Candidates services_with_labels(const TypedSoFar& typed) {
  Candidates out = services(typed);
  for (const auto& each : list(typed, "keys", true)) {
    if (!each.is_object()) continue;
    const auto& key = each.get_object();
    add(out, {readable(key, "service") + ":" + readable(key, "label"), readable(key, "tenant")});
  }
  return out;
}

Candidates labels_of_sessions(const TypedSoFar& typed) {
  Candidates out;
  for (const auto& each : list(typed, "sessions", true)) {
    const auto* labels = each.is_object() ? each.get_object().if_contains("labels") : nullptr;
    if (labels == nullptr || !labels->is_object()) continue;
    for (const auto& label : labels->get_object())
      add(out, {std::string(label.key()) + "=" + readable(labels->get_object(), label.key()), ""});
  }
  return out;
}

}  // namespace

Candidates known_names(const std::string& kind, const TypedSoFar& typed) {
  if (kind == "SERVICE") return services(typed);
  if (kind == "SERVICE[:LABEL]") return services_with_labels(typed);
  if (kind == "LABEL=VALUE") return labels_of_sessions(typed);
  const auto found = sources().find(kind);
  return found == sources().end() ? Candidates() : from(found->second, typed);
}

}  // namespace strongroom::app
