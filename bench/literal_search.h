// Vectorscan's streaming search for the forms of one key, as far as they are literals: what the
// guard is measured against. Escapes with each character escaped or not are no literals, so this
// looks for less than the guard does. Used by: the benchmark alone. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <hs/hs.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/encoding.h"

namespace strongroom::bench {

class LiteralSearch {
 public:
  explicit LiteralSearch(std::string_view key) {
    std::vector<std::string> forms{std::string(key), hex(key, false), hex(key, true)};
    for (std::size_t offset = 0; offset < 3; ++offset)
      for (const bool is_for_urls : {false, true})
        forms.push_back(base64(key, offset, is_for_urls));
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    std::vector<unsigned> ids;
    std::vector<unsigned> flags;
    for (const auto& form : forms) {
      texts.push_back(form.data());
      sizes.push_back(form.size());
      ids.push_back(static_cast<unsigned>(ids.size()));
      flags.push_back(0);
    }
    hs_compile_error_t* error = nullptr;
    is_ready_ = hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                                     static_cast<unsigned>(forms.size()), HS_MODE_STREAM, nullptr,
                                     &database_, &error) == HS_SUCCESS &&
                hs_alloc_scratch(database_, &scratch_) == HS_SUCCESS &&
                hs_open_stream(database_, 0, &stream_) == HS_SUCCESS;
    hs_free_compile_error(error);
  }
  LiteralSearch(const LiteralSearch&) = delete;
  LiteralSearch& operator=(const LiteralSearch&) = delete;
  ~LiteralSearch() {
    hs_close_stream(stream_, scratch_, nullptr, nullptr);
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  [[nodiscard]] bool is_ready() const { return is_ready_; }
  void feed(ByteView block) {
    hs_scan_stream(stream_, reinterpret_cast<const char*>(block.data()),
                   static_cast<unsigned>(block.size()), 0, scratch_, found, &hits_);
  }
  [[nodiscard]] std::size_t hits() const { return hits_; }

 private:
  static int found(unsigned, unsigned long long, unsigned long long, unsigned, void* hits) {
    ++*static_cast<std::size_t*>(hits);
    return 0;
  }
  static std::string hex(std::string_view key, bool is_upper) {
    const char* const digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
    std::string out;
    for (const char c : key) {
      const auto octet = static_cast<unsigned char>(c);
      out += digits[octet >> 4U];
      out += digits[octet & 15U];
    }
    return out;
  }
  /// The characters that do not depend on what stands around the key.
  static std::string base64(std::string_view key, std::size_t offset, bool is_for_urls) {
    const std::string before(offset, '\0');
    std::string text = to_base64(bytes_of(before + std::string(key)));
    while (text.ends_with('=')) text.pop_back();
    constexpr std::array<std::size_t, 3> kForeign{0, 2, 3};
    text = text.substr(kForeign[offset]);
    text.pop_back();
    for (char& c : text) {
      if (is_for_urls && c == '+') c = '-';
      if (is_for_urls && c == '/') c = '_';
    }
    return text;
  }

  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
  hs_stream_t* stream_ = nullptr;
  std::size_t hits_ = 0;
  bool is_ready_ = false;
};

}  // namespace strongroom::bench
