// Receipts: what a revoke achieved, signed. The signature is Ed25519 over the canonical text of the
// member "receipt". Format: docs/formats/receipt.md. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kRunnerLost = "runner lost";
constexpr std::string_view kFinished = "finished";
constexpr std::string_view kExternal = "external";
constexpr std::string_view kSigned = "strongroom receipt v1\n";

ByteVector signed_octets(const json::object& receipt) {
  const std::string text = to_canonical_text(receipt);
  ByteVector octets(kSigned.begin(), kSigned.end());
  octets.insert(octets.end(), text.begin(), text.end());
  return octets;
}

/// Several fences may have reached one holder: one line each holder.
std::vector<HolderOutcome> merged(const std::vector<HolderOutcome>& outcomes) {
  const auto weight = [](const std::string& how) {
    return how == "lease_ran_out" ? 2 : how == "held_nothing" ? 0 : 1;
  };
  std::map<HolderId, HolderOutcome> by_holder;
  for (const auto& each : outcomes) {
    const auto [place, is_new] = by_holder.emplace(each.holder, each);
    if (is_new) continue;
    auto& sum = place->second;
    sum.connections_closed += each.connections_closed;
    sum.at = std::max(sum.at, each.at);
    if (weight(each.how) > weight(sum.how)) sum.how = each.how;
    for (const auto& process : each.processes) {
      const auto same = std::ranges::find(sum.processes, process.pid, &ExposedProcess::pid);
      if (same == sum.processes.end())
        sum.processes.push_back(process);
      else
        same->is_dead = same->is_dead || process.is_dead;
    }
  }
  std::vector<HolderOutcome> all;
  for (auto& [id, outcome] : by_holder) all.push_back(std::move(outcome));
  return all;
}

json::object to_json(const HolderOutcome& outcome) {
  return {{"holder", outcome.holder.text()},
          {"name", outcome.name},
          {"role", outcome.role},
          {"how", outcome.how},
          {"at", to_rfc3339(outcome.at)},
          {"connections_closed", outcome.connections_closed}};
}

json::object to_json(const ExposedProcess& process) {
  return {{"pid", process.pid},
          {"name", process.name},
          {"state", process.is_dead ? "dead" : "still_exposed"}};
}

json::object fenced_part(const std::vector<HolderOutcome>& outcomes, WallTime at) {
  json::array holders;
  for (const auto& outcome : outcomes) holders.push_back(to_json(outcome));
  return {{"holds", true}, {"at", to_rfc3339(at)}, {"holders", std::move(holders)}};
}

/// Its runner, which may have left since, or its supervisor said what became of the processes.
bool has_spoken(const std::vector<HolderOutcome>& outcomes, SessionId session) {
  return std::ranges::any_of(outcomes, [&](const HolderOutcome& outcome) {
    return outcome.role == "runner" && outcome.session == session &&
           (outcome.how == "acknowledged" || outcome.how == "ended_by_supervisor");
  });
}

/// It is in the receipt already, by the process that was its runner.
bool is_named(const std::vector<HolderOutcome>& outcomes, SessionId session) {
  return std::ranges::any_of(outcomes, [&](const HolderOutcome& outcome) {
    return outcome.role == "runner" && outcome.session == session && !outcome.processes.empty();
  });
}

/// Of the outcomes, what supervisors have said.
json::object withdrawn_part(const std::vector<ExposedProcess>& processes,
                            const std::vector<HolderOutcome>& outcomes, WallTime at) {
  json::array list;
  for (const auto& process : processes) list.push_back(to_json(process));
  const bool holds = std::ranges::all_of(processes, &ExposedProcess::is_dead);
  json::object out{{"holds", holds}, {"at", to_rfc3339(at)}, {"processes", std::move(list)}};
  json::array reports;
  for (const auto& outcome : outcomes)
    if (!outcome.reported_by.empty())
      reports.push_back({{"supervisor", outcome.reported_by},
                         {"session", outcome.session.text()},
                         {"at", to_rfc3339(outcome.at)}});
  if (!reports.empty()) out["reported_by"] = std::move(reports);
  return out;
}

json::object unclaimed(const char* why) {
  return {{"holds", false}, {"why", why}};
}

/// Why R3 and R4 are not claimed: of what takes keys away, and of a session's end, which takes
/// none.
std::string why_not_at_the_source(std::string_view reason) {
  if (reason == "session_ended") return "a session's end deletes no key at its provider";
  return "the provider was not asked to delete the key: do that in its own console";
}
const char* why_not_unrecoverable(std::string_view reason, bool is_forgotten) {
  if (reason == "session_ended")
    return "a session's end takes away its passes alone: the keys are still stored, and serve "
           "other "
           "sessions";
  if (!is_forgotten)
    return "the database's log could not be emptied and may still hold the sealed key, as may a "
           "backup made before";
  return "the live database no longer holds the key, but a backup made before, together with "
         "today's key material, may still open it: 'strongroom shred' ends that";
}

/// Nobody can say of its processes that they are dead: what stands for them in a receipt.
ExposedProcess lost(const store::Session& session) {
  return {0,
          "session " + session.id.text() + ", whose runner was lost at " +
              to_rfc3339(from_micros(session.ended)),
          false};
}

ExposedProcess away(const store::Session& session) {
  return {0, "session " + session.id.text() + ", whose runner is not connected", false};
}

/// Where people delete keys of these themselves, each place once.
std::string consoles_of(const catalog::Catalog& catalog, const std::vector<std::string>& services) {
  std::string out;
  for (const auto& id : services) {
    const auto* service = catalog.find(id);
    if (service == nullptr || service->console_url.empty() ||
        out.find(service->console_url) != out.npos)
      continue;
    out += ", " + service->console_url;
  }
  return out;
}

}  // namespace

/// Sessions that were given one of these keys and of whose processes nobody can say that they are
/// dead: their runner went away before, or was away when the fences went up (a vault that has just
/// started waits for its runners to come back). One that has come since has not been asked.
Result<std::vector<ExposedProcess>> Vault::State::unconfirmed(
    const std::vector<KeyId>& keys, const std::vector<HolderOutcome>& outcomes) {
  std::vector<ExposedProcess> exposed;
  for (const auto& key : keys) {
    STRONGROOM_TRY(const auto grants, store.list<store::Grant>({{"key", store::to_value(key)}}));
    for (const auto& grant : grants) {
      STRONGROOM_TRY(const auto session, by_id<store::Session>(grant.session));
      if (session && session->ended_why == kRunnerLost && !has_spoken(outcomes, session->id)) {
        STRONGROOM_TRY(const auto end, receipt_of(session->id.text()));
        if (!end || !end->is_withdrawn) exposed.push_back(lost(*session));
      }
      if (session && session->state == kOpen && fences != nullptr &&
          !has_spoken(outcomes, session->id) && !is_named(outcomes, session->id))
        exposed.push_back(away(*session));
    }
  }
  return exposed;
}

/// Of a session that has just ended without a word of its runner: what was injected into it may
/// still be held.
Result<std::vector<ExposedProcess>> Vault::State::unconfirmed_end(
    SessionId id, const std::vector<HolderOutcome>& outcomes) {
  std::vector<ExposedProcess> exposed;
  STRONGROOM_TRY(const auto ended, session(id));
  const bool has_told = ended.ended_why == kFinished || ended.ended_why == kNotBegun ||
                        ended.runtime == kExternal || fences == nullptr;
  if (is_named(outcomes, id) || has_spoken(outcomes, id) ||
      (ended.ended_why != kRunnerLost && has_told))
    return exposed;
  STRONGROOM_TRY(const auto grants, store.list<store::Grant>({{"session", store::to_value(id)}}));
  for (const auto& grant : grants) {
    STRONGROOM_TRY(const auto used, by_id<store::Key>(grant.key));
    if (!used || !is_injected(*used)) continue;
    exposed.push_back(ended.ended_why == kRunnerLost ? lost(ended) : away(ended));
    return exposed;
  }
  return exposed;
}

Result<std::optional<Receipt>> Vault::State::receipt_of(const std::string& subject) {
  STRONGROOM_TRY(const auto rows, store.list<store::Receipt>({{"subject", subject}}));
  const auto last = std::ranges::max_element(rows, {}, &store::Receipt::created);
  if (last == rows.end()) return std::nullopt;
  STRONGROOM_TRY(const auto parsed, parse_json(last->document));
  const auto holds = [&](std::string_view promise) {
    const auto* receipt = parsed.is_object() ? parsed.get_object().if_contains("receipt") : nullptr;
    const auto* part = receipt != nullptr && receipt->is_object()
                           ? receipt->get_object().if_contains(promise)
                           : nullptr;
    const auto* value =
        part != nullptr && part->is_object() ? part->get_object().if_contains("holds") : nullptr;
    return value != nullptr && value->is_bool() && value->get_bool();
  };
  return Receipt{last->id, last->document, holds("r1"), holds("r2")};
}

/// R3. Of a session, its credentials are all that it was given at a source; of a key, its login
/// there, or itself where the provider can be told of it.
Result<json::object> Vault::State::source_part(const Undertaking& undertaking) {
  const auto& left = undertaking.left_at_source;
  json::object source =
      unclaimed((why_not_at_the_source(undertaking.reason) + consoles_of(catalog, left)).c_str());
  if (undertaking.credentials.empty()) return source;
  bool all_are = false;
  STRONGROOM_TRY(auto list, destroyed_part(undertaking.credentials, all_are));
  if (undertaking.reason == "session_ended")
    source = all_are ? json::object{{"holds", true}, {"why", "the sources have confirmed it"}}
                     : unclaimed(
                           "what was made for the session is not destroyed yet: it is "
                           "tried again until it is, see 'strongroom session show'");
  else if (left.empty())
    source = all_are ? json::object{{"holds", true}, {"why", "the provider has confirmed it"}}
                     : unclaimed(
                           "it is not ended at the provider yet; where that has a call for it, it "
                           "is tried again until it is");
  source["credentials"] = std::move(list);
  return source;
}

Result<Receipt> Vault::State::write_receipt(const Undertaking& undertaking,
                                            const std::vector<HolderOutcome>& outcomes) {
  const WallTime completed = clock.wall();
  const auto holders = merged(outcomes);
  std::vector<ExposedProcess> processes;
  for (const auto& holder : holders)
    processes.insert(processes.end(), holder.processes.begin(), holder.processes.end());
  STRONGROOM_TRY(const auto unknown, unconfirmed(undertaking.injected_keys, outcomes));
  processes.insert(processes.end(), unknown.begin(), unknown.end());
  if (undertaking.ended) {
    STRONGROOM_TRY(const auto own, unconfirmed_end(*undertaking.ended, outcomes));
    processes.insert(processes.end(), own.begin(), own.end());
  }
  const bool is_withdrawn = std::ranges::all_of(processes, &ExposedProcess::is_dead);

  STRONGROOM_TRY(json::object source, source_part(undertaking));

  json::object receipt{
      {"id", undertaking.id.text()},
      {"installation", installation},
      {"subject", undertaking.subject},
      {"reason", undertaking.reason},
      {"asked_by", undertaking.actor.name()},
      {"asked_at", to_rfc3339(undertaking.asked)},
      {"revoked_at", to_rfc3339(undertaking.revoked)},
      {"completed_at", to_rfc3339(completed)},
      {"r1", fenced_part(holders, completed)},
      {"r2", withdrawn_part(processes, holders, completed)},
      {"r3", std::move(source)},
      {"r4", unclaimed(why_not_unrecoverable(undertaking.reason, undertaking.is_forgotten))}};
  STRONGROOM_TRY(auto stored, sign_and_store(std::move(receipt), undertaking.id, undertaking.tenant,
                                             undertaking.subject_id, completed));
  stored.is_fenced = true;
  stored.is_withdrawn = is_withdrawn;
  return stored;
}

Result<Receipt> Vault::State::sign_and_store(json::object receipt, ReceiptId id, TenantId tenant,
                                             std::string subject, WallTime at) {
  const auto signature = crypto::sign(signing_key, signed_octets(receipt));
  const json::object document{{"receipt", std::move(receipt)},
                              {"public_key", to_base64(crypto::public_key_of(signing_key))},
                              {"signature", to_base64(signature)}};
  store::Receipt row;
  row.id = id;
  row.tenant = tenant;
  row.subject = std::move(subject);
  row.document = to_pretty_text(document);
  row.created = to_micros(at);
  STRONGROOM_CHECKED(store.transact([&] { return store.insert(row); }));
  return Receipt{row.id, std::move(row.document), false, false};
}

/// The earlier one with what is known now of the processes; all else is as it was.
Result<Receipt> Vault::State::complete_receipt(const Receipt& earlier,
                                               const store::Session& session,
                                               const HolderOutcome& reported) {
  STRONGROOM_TRY(const auto parsed, parse_json(earlier.document));
  const auto* before = parsed.is_object() ? parsed.get_object().if_contains("receipt") : nullptr;
  if (before == nullptr || !before->is_object())
    return fail(Code::Tampered, "The receipt " + earlier.id.text() + " is not one.");
  json::object receipt = before->get_object();
  const WallTime completed = clock.wall();
  const auto id = crypto::random_id<ReceiptId>();
  receipt["id"] = id.text();
  receipt["completes"] = earlier.id.text();
  receipt["completed_at"] = to_rfc3339(completed);
  receipt["r2"] = withdrawn_part(reported.processes, {reported}, completed);
  STRONGROOM_TRY(auto stored, sign_and_store(std::move(receipt), id, session.tenant,
                                             session.id.text(), completed));
  stored.is_fenced = true;
  stored.is_withdrawn = std::ranges::all_of(reported.processes, &ExposedProcess::is_dead);
  return stored;
}

/// A shred fences nothing: it speaks of what was revoked before, each with a receipt of its own.
Result<Receipt> Vault::State::write_shred_receipt(const ShredFacts& facts) {
  constexpr const char* kSeeRevokes =
      "a shred takes no key away: the receipt of each revoke says what it achieved";
  const WallTime completed = clock.wall();
  const auto id = crypto::random_id<ReceiptId>();
  json::object claim = unclaimed(facts.why_not.c_str());
  if (facts.why_not.empty())
    claim = {
        {"holds", true},
        {"why",
         "of every key of the tenant that was revoked, and every version that was rotated "
         "away, before " +
             to_rfc3339(facts.before) +
             ": the seed, the tenant's key and the root key that it was sealed under are "
             "destroyed, as are the seals' keys of that time; a copy of a seal's file or a "
             "passphrase from before, kept elsewhere, opens copies of the database from before"}};
  json::object fenced = unclaimed(kSeeRevokes);
  fenced["at"] = to_rfc3339(completed);
  fenced["holders"] = json::array();
  json::object withdrawn = unclaimed(kSeeRevokes);
  withdrawn["at"] = to_rfc3339(completed);
  withdrawn["processes"] = json::array();
  json::object receipt{{"id", id.text()},
                       {"installation", installation},
                       {"subject",
                        {{"kind", "tenant"},
                         {"id", facts.tenant.text()},
                         {"name", facts.name},
                         {"revoked_keys", facts.revoked_keys}}},
                       {"reason", "shredded"},
                       {"asked_by", facts.asked_by},
                       {"asked_at", to_rfc3339(facts.asked)},
                       {"revoked_at", to_rfc3339(facts.before)},
                       {"completed_at", to_rfc3339(completed)},
                       {"r1", std::move(fenced)},
                       {"r2", std::move(withdrawn)},
                       {"r3", unclaimed(kSeeRevokes)},
                       {"r4", std::move(claim)}};
  return sign_and_store(std::move(receipt), id, facts.tenant, facts.tenant.text(), completed);
}

Result<std::vector<json::object>> Vault::list_receipts(const Actor& actor) {
  STRONGROOM_CHECKED(actor.need(Right::SeeAll));
  STRONGROOM_TRY(const auto where, state_->rows_of(actor, {}));
  STRONGROOM_TRY(auto rows, state_->store.list<store::Receipt>(where));
  std::ranges::sort(rows, std::ranges::greater(), &store::Receipt::created);
  std::vector<json::object> list;
  for (const auto& row : rows) {
    STRONGROOM_TRY(const auto tenant, state_->tenant_name(row.tenant));
    list.push_back({{"id", row.id.text()},
                    {"tenant", tenant},
                    {"subject", row.subject},
                    {"created", to_rfc3339(from_micros(row.created))}});
  }
  return list;
}

Result<std::string> Vault::show_receipt(const Actor& actor, ReceiptId id) {
  STRONGROOM_CHECKED(actor.need(Right::SeeAll));
  STRONGROOM_TRY(const auto row, state_->by_id<store::Receipt>(id));
  if (!row || !actor.is_of(row->tenant))
    return fail(Code::NotFound, "There is no receipt " + id.text() + ".");
  return row->document;
}

Result<json::object> verify_receipt(std::string_view document, std::string_view public_key_base64) {
  const auto wrong = [](std::string_view what) {
    return fail(Code::Tampered, "This is not a valid receipt: " + std::string(what) + ".");
  };
  const auto parsed = parse_json(document);
  if (!parsed || !parsed->is_object()) return wrong("it is not a JSON object");
  const auto* receipt = parsed->get_object().if_contains("receipt");
  const auto signature_text = optional_string(parsed->get_object(), "signature");
  if (receipt == nullptr || !receipt->is_object() || !signature_text)
    return wrong("it has no \"receipt\" and \"signature\"");
  const auto key_octets = from_base64(public_key_base64);
  crypto::PublicKey key{};
  if (!key_octets || key_octets->size() != key.size())
    return fail(Code::Invalid, "The public key is not 32 octets in base64.");
  std::ranges::copy(*key_octets, key.begin());
  const auto named_key = optional_string(parsed->get_object(), "public_key");
  if (named_key && *named_key != public_key_base64)
    return wrong("it was signed by another installation's key");
  const auto signature_octets = from_base64(*signature_text);
  crypto::Signature signature{};
  if (!signature_octets || signature_octets->size() != signature.size())
    return wrong("its signature is malformed");
  std::ranges::copy(*signature_octets, signature.begin());
  if (!crypto::verify(key, signed_octets(receipt->get_object()), signature))
    return wrong("the signature does not fit: it was changed");
  return receipt->get_object();
}

}  // namespace strongroom::vault
