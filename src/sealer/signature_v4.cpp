// SPDX-License-Identifier: Apache-2.0
#include "sealer/signature_v4.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/encoding.h"
#include "base/small_letters.h"
#include "crypto/crypto.h"
#include "sealer/work.h"

namespace strongroom::sealer {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kLongestLine = 4096;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

/// "20261128T185100Z"
std::string time_text(WallTime now) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

Secret key_from(const Secret& key, std::string_view data) {
  const auto digest = crypto::hmac_sha256(key, bytes_of(data));
  return Secret(ByteView(digest));
}

Secret first_key(const Secret& secret_key) {
  constexpr std::string_view kStart = "AWS4";
  Secret key = Secret::of_size(kStart.size() + secret_key.size());
  key.reveal_mutable([&](MutableBytes out) {
    std::ranges::copy(kStart, out.begin());
    secret_key.reveal(
        [&](ByteView plain) { std::ranges::copy(plain, out.subspan(kStart.size()).begin()); });
  });
  return key;
}

/// Takes NAME = VALUE of the file.
void take(std::string_view line, AwsCredentials& into) {
  const auto sign = line.find('=');
  if (sign == std::string_view::npos) return;
  const std::string_view name = trimmed(line.substr(0, sign));
  const std::string_view value = trimmed(line.substr(sign + 1));
  if (name == "aws_access_key_id") into.access_key = value;
  if (name == "aws_secret_access_key") into.secret_key = Secret(bytes_of(value));
  if (name == "aws_session_token") into.session_token = value;
}

bool is_header_value(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

Result<AwsCredentials> read_aws_credentials(std::string_view text, std::string_view profile) {
  AwsCredentials found;
  bool is_in_it = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.size() > kLongestLine)
      return refused("A line of the file of credentials is too long.");
    if (line.front() == '[' && line.back() == ']')
      is_in_it = trimmed(line.substr(1, line.size() - 2)) == profile;
    else if (is_in_it)
      take(line, found);
  }
  if (found.access_key.empty() || found.secret_key.is_empty())
    return refused(
        "The file of credentials has no aws_access_key_id and aws_secret_access_key in [" +
        std::string(profile.substr(0, 64)) + "].");
  if (!is_header_value(found.access_key) || !is_header_value(found.session_token))
    return refused("The file of credentials is not understood.");
  return found;
}

HeaderList sign_v4(const AwsCredentials& credentials, const SignedScope& scope,
                   const std::string& host, HeaderList headers, std::string_view body,
                   WallTime now) {
  const std::string time = time_text(now);
  const std::string day = time.substr(0, 8);
  headers.emplace_back("X-Amz-Date", time);
  if (!credentials.session_token.empty())
    headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
  HeaderList sorted{{"host", host}};
  for (const auto& [name, value] : headers) sorted.emplace_back(in_small_letters(name), value);
  std::ranges::sort(sorted);
  std::string lines;
  std::string names;
  for (const auto& [name, value] : sorted) {
    lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string request =
      "POST\n/\n\n" + lines + "\n" + names + "\n" + to_hex(crypto::sha256(bytes_of(body)));
  const std::string of = day + "/" + scope.region + "/" + scope.service + "/aws4_request";
  const std::string text = std::string(kAlgorithm) + "\n" + time + "\n" + of + "\n" +
                           to_hex(crypto::sha256(bytes_of(request)));
  const Secret by_day = key_from(first_key(credentials.secret_key), day);
  const Secret by_region = key_from(by_day, scope.region);
  const Secret by_service = key_from(by_region, scope.service);
  const Secret key = key_from(by_service, "aws4_request");
  headers.emplace_back("Authorization",
                       std::string(kAlgorithm) + " Credential=" + credentials.access_key + "/" +
                           of + ", SignedHeaders=" + names +
                           ", Signature=" + to_hex(crypto::hmac_sha256(key, bytes_of(text))));
  return headers;
}

}  // namespace strongroom::sealer
