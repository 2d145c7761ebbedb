// Fuzzes opening sealed records and decoding entries of the record of use. SPDX-License-Identifier:
// Apache-2.0
#include <cstdlib>

#include "base/encoding.h"
#include "crypto/record.h"

using strongroom::ByteVector;
using strongroom::ByteView;
using strongroom::Secret;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Secret key{
      ByteView(reinterpret_cast<const std::uint8_t*>("0123456789abcdef0123456789abcdef"), 32)};
  const ByteView input(data, size);
  const ByteView context = input.first(size / 4);
  const ByteView record = input.subspan(size / 4);
  // Nobody without the key can make a record that opens.
  if (strongroom::crypto::open_record(key, context, record)) std::abort();
  if (size > Secret::kMaxSize) return 0;
  // What is sealed opens again in its place, and with one octet changed does not.
  ByteVector sealed = strongroom::crypto::seal_record(key, context, Secret(record));
  const auto opened = strongroom::crypto::open_record(key, context, sealed);
  if (!opened || !opened->equals(Secret(record))) std::abort();
  sealed[size % sealed.size()] ^= 1U;
  if (strongroom::crypto::open_record(key, context, sealed)) std::abort();
  return 0;
}
