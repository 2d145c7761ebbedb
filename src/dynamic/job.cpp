// SPDX-License-Identifier: Apache-2.0
#include "dynamic/job.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "io/process/one_job.h"

namespace strongroom::dynamic {
namespace {

constexpr std::uint8_t kFormat = 2;
constexpr std::size_t kMaxSettings = 32;
constexpr std::size_t kMaxError = 512;
constexpr std::size_t kMaxReference = 128;
constexpr std::size_t kMaxFacts = 16;
constexpr std::size_t kMaxFact = 1024;
/// The last of Code.
constexpr auto kLastCode = static_cast<std::uint8_t>(Code::Internal);

std::unexpected<Error> not_understood() {
  return fail(Code::Protocol, "a job for the issuer is not understood");
}

const std::string& text_of_name(const std::vector<std::pair<std::string, std::string>>& pairs,
                                std::string_view name) {
  static const std::string kNone;
  const auto found = std::ranges::find(pairs, name, &std::pair<std::string, std::string>::first);
  return found == pairs.end() ? kNone : found->second;
}

}  // namespace

const std::string& Job::setting(std::string_view setting_name) const {
  return text_of_name(settings, setting_name);
}
const std::string& Outcome::fact(std::string_view name) const {
  return text_of_name(facts, name);
}

/// What is secret is copied from one locked place to the other, by nobody else's memory.
Result<Secret> encode(const Job& job) {
  ByteVector plain;
  Writer writer(plain);
  writer.u8(kFormat);
  writer.u8(static_cast<std::uint8_t>(job.action));
  writer.u8(static_cast<std::uint8_t>(job.source));
  writer.text(job.name);
  writer.text(job.verifier);
  writer.text(job.reference);
  writer.i64(to_micros(job.created));
  writer.i64(to_micros(job.expires));
  writer.text(job.authority);
  writer.text(job.dial);
  writer.text(job.trusted_pem);
  writer.u32(static_cast<std::uint32_t>(job.settings.size()));
  for (const auto& [name, value] : job.settings) {
    writer.text(name);
    writer.text(value);
  }
  writer.u32(static_cast<std::uint32_t>(job.neighbours.size()));
  for (const auto& [name, created] : job.neighbours) {
    writer.text(name);
    writer.i64(to_micros(created));
  }
  if (plain.size() + sizeof(std::uint32_t) + job.credential.size() > kMaxJob)
    return fail(Code::TooLarge, "the settings of this key are too long");
  return io::with_secret(std::move(plain), job.credential);
}

Result<Job> decode_job(ByteView octets) {
  Reader reader(octets);
  Job job;
  if (reader.u8() != kFormat) return not_understood();
  job.action = static_cast<Action>(reader.u8());
  job.source = static_cast<Source>(reader.u8());
  job.name = reader.text();
  job.verifier = reader.text();
  job.reference = reader.text();
  job.created = from_micros(reader.i64());
  job.expires = from_micros(reader.i64());
  job.authority = reader.text();
  job.dial = reader.text();
  job.trusted_pem = reader.text();
  const std::uint32_t count = reader.u32();
  if (!reader.is_ok() || count > kMaxSettings) return not_understood();
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string name(reader.text());
    std::string value(reader.text());
    job.settings.emplace_back(std::move(name), std::move(value));
  }
  const std::uint32_t neighbours = reader.u32();
  for (std::uint32_t i = 0; i < neighbours && reader.is_ok(); ++i) {
    std::string name(reader.text());
    job.neighbours.emplace_back(std::move(name), from_micros(reader.i64()));
  }
  const ByteView credential = reader.blob(Secret::kMaxSize);
  if (!reader.is_ok()) return not_understood();
  job.credential = Secret(credential);
  return job;
}

Secret encode(const Outcome& outcome) {
  ByteVector plain;
  Writer writer(plain);
  writer.u8(kFormat);
  writer.u8(outcome.may_exist ? 1 : 0);
  writer.u8(static_cast<std::uint8_t>(outcome.code));
  writer.text(std::string_view(outcome.error).substr(0, kMaxError));
  writer.text(outcome.reference);
  writer.u32(static_cast<std::uint32_t>(std::min(outcome.facts.size(), kMaxFacts)));
  for (std::size_t i = 0; i < std::min(outcome.facts.size(), kMaxFacts); ++i) {
    writer.text(outcome.facts[i].first);
    writer.text(std::string_view(outcome.facts[i].second).substr(0, kMaxFact));
  }
  return io::with_secret(std::move(plain), outcome.value);
}

Result<Outcome> decode_outcome(ByteView octets) {
  Reader reader(octets);
  Outcome outcome;
  if (reader.u8() != kFormat) return fail(Code::Unavailable, "the issuer ended without an answer");
  outcome.may_exist = reader.u8() != 0;
  const std::uint8_t code = reader.u8();
  outcome.code = static_cast<Code>(code);
  outcome.error = reader.text(kMaxError);
  outcome.reference = reader.text(kMaxReference);
  const std::uint32_t facts = reader.u32();
  bool are_plain = facts <= kMaxFacts;
  for (std::uint32_t i = 0; are_plain && i < facts && reader.is_ok(); ++i) {
    std::string name(reader.text(kMaxReference));
    std::string value(reader.text(kMaxFact));
    are_plain = io::is_plain_text(name) && io::is_plain_text(value);
    outcome.facts.emplace_back(std::move(name), std::move(value));
  }
  const ByteView value = reader.blob(kMaxOutcome);
  if (!reader.is_ok() || code > kLastCode || !are_plain || !io::is_plain_text(outcome.error) ||
      !io::is_plain_text(outcome.reference))
    return fail(Code::Protocol, "the issuer's answer is not understood");
  if (!value.empty()) outcome.value = Secret(value);
  return outcome;
}

Result<SourceFacts> facts_of(std::string_view service) {
  static constexpr std::array<SourceFacts, 3> kSources = {
      {{Source::Postgres, "postgres", "user", "strongroom_", {}, false},
       {Source::Mysql, "mysql", "user", "strongroom_", {}, false},
       {Source::Tailscale, "tailscale", "hostname", "strongroom-", "api.tailscale.com:443", true}}};
  const auto* const found = std::ranges::find(kSources, service, &SourceFacts::service);
  if (found == kSources.end())
    return fail(Code::Unsupported, "no credentials are made for sessions at such a source");
  return *found;
}

Result<std::string> fill_template(std::string_view text, const Parameters& parameters) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find("{{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = text.find("}}", open);
    const auto name =
        close == std::string_view::npos ? "" : text.substr(open + 2, close - open - 2);
    if (name == "role")
      out += parameters.role;
    else if (name == "password")
      out += parameters.password;
    else if (name == "expires")
      out += parameters.expires;
    else
      return fail(Code::Invalid,
                  "A template knows the parameters {{role}}, {{password}} and {{expires}} alone.");
    text.remove_prefix(close + 2);
  }
  return out;
}

}  // namespace strongroom::dynamic
