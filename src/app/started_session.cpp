// SPDX-License-Identifier: Apache-2.0
#include "app/started_session.h"

namespace strongroom::app {
namespace {

std::vector<SessionStart::Granted> read_granted(const json::object& document,
                                                std::string_view member) {
  std::vector<SessionStart::Granted> out;
  const auto* list = document.if_contains(member);
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& item : list->get_array()) {
    if (!item.is_object()) continue;
    const auto& object = item.get_object();
    SessionStart::Granted granted;
    granted.service = optional_string(object, "service").value_or("");
    granted.label = optional_string(object, "label").value_or("");
    granted.pass = optional_string(object, "pass").value_or("");
    if (const auto* settings = object.if_contains("settings");
        settings != nullptr && settings->is_object())
      for (const auto& pair : settings->get_object())
        if (pair.value().is_string())
          granted.settings.emplace_back(std::string(pair.key()),
                                        std::string(pair.value().get_string()));
    const auto* is_login = object.if_contains("is_login");
    granted.is_login = is_login != nullptr && is_login->is_bool() && is_login->get_bool();
    out.push_back(std::move(granted));
  }
  return out;
}

}  // namespace

Result<SessionStart> read_start(const json::value& answer) {
  const auto* session = answer.is_object() ? answer.get_object().if_contains("session") : nullptr;
  if (session == nullptr || !session->is_object())
    return fail(Code::Protocol, "the server's answer is not understood");
  SessionStart start;
  STRONGROOM_TRY(const std::string id, required_string(session->get_object(), "id"));
  STRONGROOM_TRY(start.session, SessionId::parse(id));
  start.socket = optional_string(answer.get_object(), "socket").value_or("");
  if (const auto* proxy = answer.get_object().if_contains("proxy");
      proxy != nullptr && proxy->is_object()) {
    start.proxy_credential = optional_string(proxy->get_object(), "credential").value_or("");
    start.authority_pem = optional_string(proxy->get_object(), "authority").value_or("");
  }
  if (const auto* runner = answer.get_object().if_contains("runner");
      runner != nullptr && runner->is_object()) {
    const auto& object = runner->get_object();
    start.runner_credential = optional_string(object, "credential").value_or("");
    STRONGROOM_TRY(start.gateway, required_string(object, "gateway"));
    STRONGROOM_TRY(start.gateway_authority, required_string(object, "gateway_authority"));
    STRONGROOM_TRY(start.provider_authorities, required_string(object, "provider_authorities"));
  }
  start.passes = read_granted(answer.get_object(), "passes");
  start.injected = read_granted(answer.get_object(), "injected");
  return start;
}

}  // namespace strongroom::app
