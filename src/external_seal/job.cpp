// SPDX-License-Identifier: Apache-2.0
#include "external_seal/job.h"

#include <algorithm>

#include "base/encoding.h"
#include "io/process/one_job.h"

namespace strongroom::external_seal {
namespace {

constexpr std::uint8_t kFormat = 2;
constexpr std::size_t kMaxValues = 64;
constexpr std::size_t kMaxError = 512;
constexpr std::size_t kMaxReason = 32;
/// The last of Code.
constexpr auto kLastCode = static_cast<std::uint8_t>(Code::Internal);

std::unexpected<Error> not_understood() {
  return fail(Code::Protocol, "a job for the sealer is not understood");
}

std::unexpected<Error> no_answer() {
  return fail(Code::Sealed, "What holds the seal's key could not be used: its process ended.",
              std::string(kUnreachable));
}

}  // namespace

const std::string& Settings::value(std::string_view wanted) const {
  static const std::string kNone;
  const auto found = std::ranges::find(values, wanted, &std::pair<std::string, std::string>::first);
  return found == values.end() ? kNone : found->second;
}

std::vector<std::string> Settings::all(std::string_view wanted) const {
  std::vector<std::string> found;
  for (const auto& [each, text] : values)
    if (each == wanted) found.push_back(text);
  return found;
}

Result<Secret> encode(const Job& job) {
  ByteVector plain;
  Writer writer(plain);
  writer.u8(kFormat);
  writer.u8(static_cast<std::uint8_t>(job.action));
  writer.text(job.settings.name);
  writer.text(job.settings.kind);
  writer.u32(static_cast<std::uint32_t>(job.settings.values.size()));
  for (const auto& [name, value] : job.settings.values) {
    writer.text(name);
    writer.text(value);
  }
  writer.blob(job.wrapped);
  writer.i64(job.count);
  if (plain.size() + sizeof(std::uint32_t) + job.credential.size() > kMaxJob)
    return fail(Code::TooLarge, "the settings of this seal are too long");
  return io::with_secret(std::move(plain), job.credential);
}

Result<Job> decode_job(ByteView octets) {
  Reader reader(octets);
  Job job;
  if (reader.u8() != kFormat) return not_understood();
  const std::uint8_t action = reader.u8();
  if (action < static_cast<std::uint8_t>(Action::Make) ||
      action > static_cast<std::uint8_t>(Action::RaiseCounter))
    return not_understood();
  job.action = static_cast<Action>(action);
  job.settings.name = reader.text();
  job.settings.kind = reader.text();
  const std::uint32_t count = reader.u32();
  if (!reader.is_ok() || count > kMaxValues) return not_understood();
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string name(reader.text());
    std::string value(reader.text());
    job.settings.values.emplace_back(std::move(name), std::move(value));
  }
  const ByteView wrapped = reader.blob(kMaxWrapped);
  job.wrapped.assign(wrapped.begin(), wrapped.end());
  job.count = reader.i64();
  const ByteView credential = reader.blob(kMaxSecretFile);
  if (!reader.is_at_end() || job.count < 0) return not_understood();
  if (!credential.empty()) job.credential = Secret(credential);
  return job;
}

Secret encode(const Outcome& outcome) {
  ByteVector plain;
  Writer writer(plain);
  writer.u8(kFormat);
  writer.u8(static_cast<std::uint8_t>(outcome.code));
  writer.text(outcome.reason);
  writer.text(std::string_view(outcome.error).substr(0, kMaxError));
  writer.blob(outcome.wrapped);
  writer.i64(outcome.count);
  return io::with_secret(std::move(plain), outcome.key);
}

Result<Outcome> decode_outcome(ByteView octets, Action of) {
  Reader reader(octets);
  Outcome outcome;
  if (reader.u8() != kFormat) return no_answer();
  const std::uint8_t code = reader.u8();
  outcome.reason = reader.text(kMaxReason);
  outcome.error = reader.text(kMaxError);
  const ByteView wrapped = reader.blob(kMaxWrapped);
  outcome.count = reader.i64();
  const ByteView key = reader.blob(kKeySize);
  if (!reader.is_at_end() || code > kLastCode || !io::is_plain_text(outcome.error) ||
      !io::is_plain_text(outcome.reason))
    return no_answer();
  outcome.code = static_cast<Code>(code);
  if (!outcome.error.empty()) return fail(outcome.code, outcome.error, outcome.reason);
  if (is_about_counter(of)) {
    if (outcome.count < 0 || !key.empty()) return no_answer();
    return outcome;
  }
  if (key.size() != kKeySize || outcome.count != 0) return no_answer();
  outcome.wrapped.assign(wrapped.begin(), wrapped.end());
  outcome.key = Secret(key);
  return outcome;
}

}  // namespace strongroom::external_seal
