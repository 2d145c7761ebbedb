// SPDX-License-Identifier: Apache-2.0
#include "crypto/record.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "crypto/gcm.h"

namespace strongroom::crypto {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kSuite = 1;
constexpr std::size_t kSaltAt = 2;
constexpr std::size_t kCommitmentAt = 34;
constexpr std::size_t kNonceAt = 66;
constexpr std::size_t kTextAt = 78;

/// Subkey in the first half, commitment in the second.
Secret derive(const Secret& key, ByteView salt, ByteView context) {
  ByteVector info;
  Writer writer(info);
  writer.text("strongroom record v1");
  writer.blob(context);
  return hkdf_sha256(key, salt, info, 64);
}

ByteVector associated_data(ByteView head, ByteView context) {
  ByteVector out;
  Writer writer(out);
  writer.blob(head);
  writer.blob(context);
  return out;
}

}  // namespace

ByteVector seal_record(const Secret& key, ByteView context, const Secret& plain) {
  ByteVector record(kRecordOverhead + plain.size());
  const MutableBytes all(record);
  record[0] = kFormat;
  record[1] = kSuite;
  // One call of the kernel for both.
  std::array<std::uint8_t, 32 + 12> chance;
  random(chance);
  std::ranges::copy(ByteView(chance).first(32), record.begin() + kSaltAt);
  std::ranges::copy(ByteView(chance).subspan(32), record.begin() + kNonceAt);
  const Secret keys = derive(key, all.subspan(kSaltAt, 32), context);
  keys.reveal([&](ByteView both) {
    std::copy(both.begin() + 32, both.end(), record.begin() + kCommitmentAt);
  });
  const ByteVector associated = associated_data(all.first(kNonceAt), context);
  keys.reveal([&](ByteView both) {
    plain.reveal([&](ByteView text) {
      gcm_seal(both.first(kGcmKey), all.subspan(kNonceAt, kGcmNonce), associated, text,
               all.subspan(kTextAt));
    });
  });
  return record;
}

Result<Secret> open_record(const Secret& key, ByteView context, ByteView record) {
  if (record.size() < kRecordOverhead || record.size() > kRecordOverhead + Secret::kMaxSize)
    return fail(Code::Tampered, "a sealed record has an impossible length");
  if (record[0] != kFormat || record[1] != kSuite)
    return fail(Code::Tampered,
                "a sealed record is of a format or suite that this version does not know");
  const Secret keys = derive(key, record.subspan(kSaltAt, 32), context);
  const bool committed = keys.reveal([&](ByteView both) {
    return equal_constant_time(both.subspan(32), record.subspan(kCommitmentAt, 32));
  });
  if (!committed)
    return fail(
        Code::Tampered,
        "a sealed record does not open: it was changed, moved, or sealed under another key");
  const ByteVector associated = associated_data(record.first(kNonceAt), context);
  Secret plain = Secret::of_size(record.size() - kRecordOverhead);
  const bool opened = keys.reveal([&](ByteView both) {
    return plain.reveal_mutable([&](MutableBytes out) {
      return gcm_open(both.first(kGcmKey), record.subspan(kNonceAt, kGcmNonce), associated,
                      record.subspan(kTextAt), out);
    });
  });
  if (!opened)
    return fail(Code::Tampered, "a sealed record does not open: it was changed or moved");
  return plain;
}

}  // namespace strongroom::crypto
