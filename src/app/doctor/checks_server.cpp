// SPDX-License-Identifier: Apache-2.0
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <string_view>

#include "app/doctor/checks.h"
#include "app/output.h"

namespace strongroom::app {
namespace {

constexpr timeval kPatience{3, 0};
constexpr const char* kRestore =
    "stop the server and put a backup back (docs/operations.md); keep what is there to be looked "
    "at";

/// What comes first when `path` is asked for; empty: nothing.
std::string first_answer(const std::string& address, const std::string& path) {
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (colon == std::string::npos ||
      ::getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0)
    return {};
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  const bool is_connected = ::connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  ::freeaddrinfo(found);
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n";
  std::string answer;
  char block[4096];
  if (is_connected && ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0)
    for (ssize_t got;
         answer.size() < sizeof(block) && (got = ::recv(fd, block, sizeof(block), 0)) > 0;)
      answer.append(block, static_cast<std::size_t>(got));
  ::close(fd);
  return answer;
}

std::int64_t number(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::string faults_of(const json::object& inspection) {
  constexpr std::size_t kMostTold = 10;
  std::string out;
  std::size_t told = 0;
  const auto* faults = inspection.if_contains("faults");
  if (faults == nullptr || !faults->is_array()) return out;
  for (const auto& each : faults->get_array()) {
    if (!each.is_object() || told++ == kMostTold) break;
    out += (out.empty() ? "" : ", ") + readable(each.get_object(), "row") + " of " +
           readable(each.get_object(), "table");
  }
  if (faults->get_array().size() > kMostTold) out += ", ...";
  return out;
}

void check_seals(ControlClient& client, Findings& findings) {
  const auto seals = client.get("/api/v1/seals");
  if (!seals || !seals->is_array()) return findings.unseen("seals", "the server tells no seals");
  std::string words;
  std::string failing;
  for (const auto& each : seals->get_array()) {
    if (!each.is_object()) continue;
    const auto& seal = each.get_object();
    words += (words.empty() ? "" : ", ") + readable(seal, "kind");
    if (readable(seal, "state") == "fails")
      failing += (failing.empty() ? "" : "; ") + readable(seal, "kind") + " (" +
                 readable(seal, "id") + "): " + readable(seal, "why");
  }
  if (!failing.empty())
    return findings.wrong("seals", "open, but the next start could not use " + failing,
                          "mend it, or remove that seal (strongroom seal remove)");
  if (seals->get_array().size() == 1)
    return findings.note("seals", "open; the only seal is by " + words,
                         "have a second one of another kind: strongroom seal add shares --shares 5 "
                         "--threshold 3");
  findings.fine("seals", "open; there are seals by " + words);
}

}  // namespace

/// "" where it is nobody's.
std::string whose(const json::object& inspection) {
  const std::string tenants = readable(inspection, "tenants");
  return tenants == "-" ? "" : ", of " + tenants;
}

void tell_inspection(const json::object& inspection, Findings& findings) {
  const std::string damage = readable(inspection, "damage");
  if (damage != "-")
    findings.wrong("database", "the database's file is damaged: " + damage, kRestore);
  else
    findings.fine("database", "the database's file is whole");
  const std::int64_t faults = number(inspection, "fault_count");
  const auto* content = inspection.if_contains("is_content_right");
  const bool is_other = content != nullptr && content->is_bool() && !content->get_bool();
  if (faults > 0)
    findings.wrong("rows",
                   "changed outside Strongroom: " + std::to_string(faults) + " of " +
                       std::to_string(number(inspection, "rows")) +
                       " rows: " + faults_of(inspection),
                   kRestore);
  else if (is_other)
    findings.wrong("rows",
                   "rows were added, deleted or put back outside Strongroom" + whose(inspection),
                   kRestore);
  else
    findings.fine("rows",
                  "all " + std::to_string(number(inspection, "rows")) + " rows authenticate");
}

void tell_record(const Result<json::value>& verified, Findings& findings) {
  if (verified && verified->is_object())
    return findings.fine("record", "the record of use holds: " +
                                       readable(verified->get_object(), "entries") + " entries");
  findings.wrong("record", verified ? "the record is not understood" : verified.error().message,
                 "keep a copy of audit/ as it is, and put a backup back (docs/operations.md)");
}

bool check_server(ControlClient& client, Findings& findings) {
  const auto installation = client.get("/api/v1/installation");
  const bool is_understood = installation && installation->is_object();
  if (!is_understood) {
    findings.wrong("server",
                   installation ? "the answer is not understood" : installation.error().message,
                   "look into its log; start it anew");
    return false;
  }
  const auto& facts = installation->get_object();
  if (readable(facts, "seal_state") == "sealed") {
    findings.wrong("server", "sealed: " + readable(facts, "waits_for"), "strongroom unseal");
    return false;
  }
  findings.fine("server", "version " + readable(facts, "version") + " answers");
  check_seals(client, findings);
  const auto inspection = client.post("/api/v1/installation/inspect", {});
  if (inspection && inspection->is_object())
    tell_inspection(inspection->get_object(), findings);
  else
    findings.unseen("rows",
                    inspection ? "the answer is not understood" : inspection.error().message);
  tell_record(client.post("/api/v1/audit/verify", {}), findings);
  return true;
}

void check_listeners(const Place& place, Findings& findings) {
  const std::string ready = first_answer(place.metrics, "/readyz");
  if (ready.starts_with("HTTP/1.1 200"))
    findings.fine("ready", "a gateway has joined, and uses are recorded");
  else
    findings.wrong("ready",
                   ready.empty() ? "nothing answers at " + place.metrics
                                 : ready.substr(std::min(ready.size(), ready.find("\r\n\r\n") + 4)),
                   "look into the server's log");
  if (place.gateway.empty()) return;
  if (first_answer(place.gateway, "/").starts_with("HTTP/1.1"))
    findings.fine("gateway", "answers at " + place.gateway);
  else
    findings.wrong("gateway", "no gateway answers at " + place.gateway,
                   "look into the server's log, and for a firewall");
}

}  // namespace strongroom::app
