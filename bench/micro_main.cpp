// Parts of the gateway on their own, each beside what it is measured against, on one core and in
// turn. Arguments: the case, "mint" or "guard". Prints one JSON object. SPDX-License-Identifier:
// Apache-2.0
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#ifdef STRONGROOM_VECTORSCAN
#include "literal_search.h"
#endif

#include "base/bytes.h"
#include "base/secret.h"
#include "guard/guard.h"
#include "guard/value_patterns.h"
#include "io/authority/session_authority.h"

namespace strongroom::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

using Figures = std::map<std::string, double>;

void print(const Figures& figures) {
  std::string text;
  for (const auto& [name, figure] : figures) {
    char number[64];
    std::snprintf(number, sizeof(number), "%.4f", figure);
    text += (text.empty() ? "{\"" : ", \"") + name + "\": " + number;
  }
  std::printf("%s}\n", text.c_str());
}

/// Microseconds of one call, over `times` calls.
template <class Work>
double microseconds_each(int times, Work&& work) {
  const auto start = Clock::now();
  for (int i = 0; i < times; ++i) work(i);
  return seconds_since(start) * 1e6 / times;
}

// ------------------------------------------------------------------------------------------------
// mint: the certificate of one host, against what its two operations cost in OpenSSL's library

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

std::unique_ptr<EVP_PKEY, KeyFree> generate() {
  char curve[] = "P-256";
  return std::unique_ptr<EVP_PKEY, KeyFree>(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}

bool sign(EVP_PKEY* key, ByteView what) {
  const std::unique_ptr<EVP_MD_CTX, KeyFree> context(EVP_MD_CTX_new());
  std::array<unsigned char, 128> signature;
  std::size_t size = signature.size();
  return EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestSign(context.get(), signature.data(), &size, what.data(), what.size()) == 1;
}

int mint() {
  constexpr int kTimes = 2000;
  io::AuthorityFacts facts;
  facts.session = "bench";
  facts.now = SystemClock().wall();
  auto authority = io::SessionAuthority::from_seed(Secret(ByteVector(32, 7)), facts);
  if (!authority) return 1;
  bool is_well = authority->mint("first.example", facts.now).has_value();
  const double ours = microseconds_each(kTimes, [&](int i) {
    const std::string host = "host" + std::to_string(i) + ".example";
    is_well = authority->mint(host, facts.now).has_value() && is_well;
  });
  const auto signer = generate();
  const std::array<std::uint8_t, 400> certificate{};
  const double peer = microseconds_each(kTimes, [&](int) {
    const auto key = generate();
    is_well = key != nullptr && sign(signer.get(), certificate) && is_well;
  });
  const double signing =
      microseconds_each(kTimes, [&](int) { is_well = sign(signer.get(), certificate) && is_well; });
  if (!is_well) return 1;
  print({{"ours", ours}, {"peer", peer}, {"sign_alone", signing}});
  return 0;
}

// ------------------------------------------------------------------------------------------------
// guard: clean data through it, against reading the same memory

constexpr std::size_t kData = 64UL << 20U;
constexpr std::size_t kBlock = 64UL << 10U;  // as the gateway relays

ByteVector text_data() {
  static constexpr std::string_view kEvent =
      "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"The quick brown fox jumps over "
      "the lazy dog, and then it rests.\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":"
      "{\"promptTokenCount\":12,\"totalTokenCount\":345},\"modelVersion\":\"model-3.1-pro\"}\r\n";
  ByteVector data(kData);
  for (std::size_t at = 0; at < kData; ++at)
    data[at] = static_cast<std::uint8_t>(kEvent[at % kEvent.size()]);
  return data;
}

ByteVector random_data() {
  ByteVector data(kData);
  std::mt19937_64 random(1);
  for (std::size_t at = 0; at < kData; at += 8) {
    const std::uint64_t word = random();
    std::memcpy(data.data() + at, &word, 8);
  }
  return data;
}

/// GB a second of `each(block)` over all of the data.
template <class Each>
double rate(ByteVector& data, Each&& each) {
  constexpr int kTimes = 4;
  const auto start = Clock::now();
  for (int i = 0; i < kTimes; ++i)
    for (std::size_t at = 0; at < kData; at += kBlock) each(MutableBytes(data).subspan(at, kBlock));
  return static_cast<double>(kData) * kTimes / seconds_since(start) / 1e9;
}

/// What one core can read at all: each word once.
double reading(ByteVector& data) {
  std::array<std::uint64_t, 8> sums{};
  const double answer = rate(data, [&](MutableBytes block) {
    for (std::size_t at = 0; at < block.size(); at += 64)
      for (std::size_t i = 0; i < sums.size(); ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, block.data() + at + i * 8, 8);
        sums[i] += word;
      }
  });
  volatile std::uint64_t used = 0;
  for (const std::uint64_t sum : sums) used = used + sum;
  return answer;
}

double copying(ByteVector& data) {
  ByteVector to(kData);
  const std::uint8_t* const begin = data.data();
  return rate(data, [&](MutableBytes block) {
    std::memcpy(to.data() + (block.data() - begin), block.data(), block.size());
    __asm__ volatile("" : : "r"(to.data()) : "memory");  // it is not for nothing
  });
}

int guard() {
  constexpr std::string_view kKey = "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY";
  const auto patterns = guard::ValuePatterns::make(Secret(bytes_of(kKey)));
  Figures figures;
  std::size_t passed = 0;
  auto text = text_data();
  auto random = random_data();
  for (auto* data : {&text, &random}) {
    const std::string name = data == &text ? "text" : "random";
    guard::Guard guard(patterns);
    figures["guard_" + name] =
        rate(*data, [&](MutableBytes block) { passed += guard.feed(block).size(); });
    if (guard.hits() != 0) return 1;
#ifdef STRONGROOM_VECTORSCAN
    LiteralSearch search(kKey);
    if (!search.is_ready()) return 1;
    figures["vectorscan_" + name] = rate(*data, [&](MutableBytes block) { search.feed(block); });
#endif
  }
  figures["ours"] = std::min(figures["guard_text"], figures["guard_random"]);
  figures["peer"] = reading(random);
  figures["memcpy"] = copying(random);
  print(figures);
  return passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace strongroom::bench

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what == "mint") return strongroom::bench::mint();
  if (what == "guard") return strongroom::bench::guard();
  return 2;
}
