// The product's cryptographic functions, for vectors of others: each line of the input is a
// function and its arguments, apart by spaces, octets in hex ("-": none); each line of the output
// is the result, "refused", "right" or "wrong". SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "crypto/gcm.h"
#include "crypto/record.h"
#include "crypto/segments.h"
#include "crypto/verifying_key.h"

namespace strongroom::crypto {
namespace {

using Arguments = std::vector<std::string>;
constexpr std::string_view kRefused = "refused";

ByteVector octets(const std::string& text) {
  return text == "-" ? ByteVector() : from_hex(text).value();
}
std::string text_of(ByteView octets) {
  return octets.empty() ? "-" : to_hex(octets);
}
std::string text_of(const Secret& secret) {
  return secret.reveal([](ByteView plain) { return text_of(plain); });
}

std::string gcm_open_of(const Arguments& a) {
  const auto sealed = octets(a.at(3));
  if (sealed.size() < kGcmTag) return std::string(kRefused);
  ByteVector plain(sealed.size() - kGcmTag);
  const bool is_open = gcm_open(octets(a.at(0)), octets(a.at(1)), octets(a.at(2)), sealed, plain);
  return is_open ? text_of(plain) : std::string(kRefused);
}

std::string gcm_seal_of(const Arguments& a) {
  const auto plain = octets(a.at(3));
  ByteVector sealed(plain.size() + kGcmTag);
  gcm_seal(octets(a.at(0)), octets(a.at(1)), octets(a.at(2)), plain, sealed);
  return text_of(sealed);
}

std::string ed25519_of(const Arguments& a) {
  const auto key = octets(a.at(0));
  const auto given = octets(a.at(2));
  PublicKey public_key{};
  Signature signature{};
  if (key.size() != public_key.size() || given.size() != signature.size()) return "wrong";
  std::ranges::copy(key, public_key.begin());
  std::ranges::copy(given, signature.begin());
  return verify(public_key, octets(a.at(1)), signature) ? "right" : "wrong";
}

/// By a key of another's; "refused": it is none that we take.
std::string verified(const Result<VerifyingKey>& key, const std::string& message,
                     const std::string& signature) {
  if (!key) return std::string(kRefused);
  return key->verify(octets(message), octets(signature)) ? "right" : "wrong";
}

std::string argon2id_of(const Arguments& a) {
  Argon2Cost cost;
  cost.memory_kib = static_cast<std::uint32_t>(std::stoul(a.at(2)));
  cost.passes = static_cast<std::uint32_t>(std::stoul(a.at(3)));
  cost.lanes = static_cast<std::uint32_t>(std::stoul(a.at(4)));
  const auto key = argon2id(Secret(octets(a.at(0))), octets(a.at(1)), cost);
  return key ? text_of(*key) : std::string(kRefused);
}

std::string record_open_of(const Arguments& a) {
  const auto plain = open_record(Secret(octets(a.at(0))), octets(a.at(1)), octets(a.at(2)));
  return plain ? text_of(*plain) : std::string(kRefused);
}

/// A text of so many segments, one after the other.
std::string segments_open_of(const Arguments& a) {
  SegmentOpener opener{Secret(octets(a.at(0)))};
  ByteVector all;
  for (std::size_t i = 1; i < a.size(); ++i) {
    const auto opened = opener.open(octets(a[i]), i + 1 == a.size() ? Place::Last : Place::Inner);
    if (!opened) return std::string(kRefused);
    all.insert(all.end(), opened->begin(), opened->end());
  }
  return text_of(all);
}

using Function = std::function<std::string(const Arguments&)>;
const std::map<std::string, Function>& functions() {
  static const std::map<std::string, Function> all{
      {"gcm-open", gcm_open_of},
      {"gcm-seal", gcm_seal_of},
      {"sha256", [](const Arguments& a) { return text_of(sha256(octets(a.at(0)))); }},
      {"hmac-sha256",
       [](const Arguments& a) {
         return text_of(hmac_sha256(Secret(octets(a.at(0))), octets(a.at(1))));
       }},
      {"hkdf-sha256",
       [](const Arguments& a) {
         return text_of(hkdf_sha256(Secret(octets(a.at(0))), octets(a.at(1)), octets(a.at(2)),
                                    std::stoul(a.at(3))));
       }},
      {"argon2id", argon2id_of},
      {"ed25519-verify", ed25519_of},
      {"es256-verify",
       [](const Arguments& a) {
         return verified(VerifyingKey::es256(octets(a.at(0)), octets(a.at(1))), a.at(2), a.at(3));
       }},
      {"eddsa-verify",
       [](const Arguments& a) {
         return verified(VerifyingKey::ed_dsa(octets(a.at(0))), a.at(1), a.at(2));
       }},
      {"rs256-verify",
       [](const Arguments& a) {
         return verified(VerifyingKey::rs256(octets(a.at(0)), octets(a.at(1))), a.at(2), a.at(3));
       }},
      {"ed25519-sign",
       [](const Arguments& a) { return text_of(sign(Secret(octets(a.at(0))), octets(a.at(1)))); }},
      {"hotp",
       [](const Arguments& a) {
         return std::to_string(hotp(Secret(octets(a.at(0))), std::stoull(a.at(1))));
       }},
      {"record-open", record_open_of},
      {"record-seal",
       [](const Arguments& a) {
         return text_of(
             seal_record(Secret(octets(a.at(0))), octets(a.at(1)), Secret(octets(a.at(2)))));
       }},
      {"segments-open", segments_open_of}};
  return all;
}

int run() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    Arguments arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    std::cout << functions().at(name)(arguments) << "\n";
  }
  return 0;
}

}  // namespace
}  // namespace strongroom::crypto

int main() {
  return strongroom::crypto::run();
}
