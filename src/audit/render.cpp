// SPDX-License-Identifier: Apache-2.0
#include "audit/render.h"

#include "base/encoding.h"
#include "base/utf8.h"

namespace strongroom::audit {
namespace {

template <class AnyId>
void put(json::object& out, std::string_view name, const AnyId& id) {
  if (!id.is_none()) out[name] = id.text();
}
/// JSON is UTF-8; of what is none, each octet beyond ASCII is percent-encoded.
std::string utf8_of(const std::string& text) {
  if (is_utf8(text)) return text;
  std::string out;
  for (const char each : text)
    out += static_cast<unsigned char>(each) < 0x80 ? std::string(1, each)
                                                   : percent_encode(std::string_view(&each, 1));
  return out;
}
void put_text(json::object& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out[name] = utf8_of(text);
}

void render_content(const Act& act, json::object& out) {
  out["action"] = act.action;
  put_text(out, "actor", act.actor);
  put(out, "tenant", act.tenant);
  put(out, "member", act.member);
  put(out, "session", act.session);
  put(out, "key", act.key);
  put_text(out, "service", act.service);
  put_text(out, "outcome", act.outcome);
  put_text(out, "detail", act.detail);
}

void render_content(const Use& use, json::object& out) {
  out["action"] = "use";
  out["actor"] = "agent";
  put(out, "tenant", use.tenant);
  put(out, "member", use.member);
  put(out, "session", use.session);
  put(out, "key", use.key);
  out["key_version"] = use.key_version;
  put(out, "holder", use.holder);
  out["service"] = utf8_of(use.service);
  out["host"] = utf8_of(use.host);
  out["method"] = utf8_of(use.method);
  out["path"] = utf8_of(use.path);
}

void render_content(const Finding& finding, json::object& out) {
  out["action"] = "finding";
  out["actor"] = "gateway";
  put(out, "tenant", finding.tenant);
  put(out, "session", finding.session);
  put_text(out, "service", finding.service);
  out["outcome"] = utf8_of(finding.what);
  put_text(out, "host", finding.host);
  put_text(out, "path", finding.path);
}

void render_end(const Settled& settled, json::object& out) {
  out["status"] = settled.status;
  out["bytes_up"] = settled.bytes_up;
  out["bytes_down"] = settled.bytes_down;
  out["micros"] = settled.micros;
  out["outcome"] = settled.outcome;
}

void render_content(const Settled& settled, json::object& out) {
  out["action"] = "settled";
  out["use"] = std::to_string(settled.use);
  put(out, "tenant", settled.tenant);
  put(out, "session", settled.session);
  render_end(settled, out);
}

template <class T>
bool fits(const std::optional<T>& wanted, const T& is) {
  return !wanted || *wanted == is;
}

std::string_view name_of_kind(const Entry& entry) {
  if (std::holds_alternative<Settled>(entry.content)) return "settled";
  switch (kind_of(entry)) {
    case EntryKind::Use:
      return "use";
    case EntryKind::Change:
      return "change";
    case EntryKind::Finding:
      return "finding";
  }
  return "finding";
}

bool content_matches(const Act& act, const Filter& filter) {
  return fits(filter.tenant, act.tenant) && fits(filter.key, act.key) &&
         fits(filter.session, act.session) && fits(filter.member, act.member) &&
         fits(filter.service, act.service) && !filter.finding;
}
bool content_matches(const Use& use, const Filter& filter) {
  return fits(filter.tenant, use.tenant) && fits(filter.key, use.key) &&
         fits(filter.session, use.session) && fits(filter.member, use.member) &&
         fits(filter.service, use.service) && !filter.finding;
}
bool content_matches(const Finding& finding, const Filter& filter) {
  return !filter.key && !filter.member && fits(filter.tenant, finding.tenant) &&
         fits(filter.session, finding.session) && fits(filter.service, finding.service) &&
         fits(filter.finding, finding.what);
}
bool content_matches(const Settled&, const Filter&) {
  return false;
}

}  // namespace

EntryKind kind_of(const Entry& entry) {
  if (std::holds_alternative<Use>(entry.content)) return EntryKind::Use;
  const auto* act = std::get_if<Act>(&entry.content);
  const bool is_finding = act == nullptr || act->action == "key.rejected";
  return is_finding ? EntryKind::Finding : EntryKind::Change;
}

bool matches(const Entry& entry, const Filter& filter) {
  if (filter.before != 0 && entry.sequence >= filter.before) return false;
  if ((filter.from && entry.time < *filter.from) || (filter.to && entry.time >= *filter.to))
    return false;
  if (filter.kind && *filter.kind != kind_of(entry)) return false;
  return std::visit([&](const auto& content) { return content_matches(content, filter); },
                    entry.content);
}

json::object render(const Entry& entry, const Settled* end) {
  json::object out;
  out["id"] = std::to_string(entry.sequence);
  out["time"] = to_rfc3339(entry.time);
  std::visit([&](const auto& content) { render_content(content, out); }, entry.content);
  if (end != nullptr) render_end(*end, out);
  return out;
}

json::object render_line(std::uint64_t index, const Entry& entry) {
  json::object out;
  out["index"] = index;
  out["kind"] = name_of_kind(entry);
  for (auto& member : render(entry, nullptr)) out.emplace(member.key(), std::move(member.value()));
  return out;
}

}  // namespace strongroom::audit
