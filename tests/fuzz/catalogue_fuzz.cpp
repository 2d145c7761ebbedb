// Fuzzes the reader of service files, paths and variable names. SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "catalog/catalog.h"
#include "catalog/policy.h"
#include "catalog/toml_json.h"

using namespace strongroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto service = catalog::parse_service({"fuzz.toml", text});
  // A mistake is named with its file; a proxied service never comes without the one place for its
  // key.
  if (!service && !service.error().message.starts_with("fuzz.toml:")) std::abort();
  if (service && service->delivery == catalog::Delivery::Proxied && service->accept.empty())
    std::abort();
  (void)catalog::toml_to_json({"fuzz.toml", text});
  const auto once = catalog::canonical_path(text);
  if (once) {
    const auto twice = catalog::canonical_path(*once);
    if (!twice || *twice != *once || once->find("/../") != std::string::npos ||
        once->find("//") != std::string::npos)
      std::abort();
    // Read with its escaped slashes as slashes, it is canonical as well, and decided the same.
    std::string otherwise = *once;
    for (auto at = otherwise.find("%2F"); at != std::string::npos; at = otherwise.find("%2F"))
      otherwise.replace(at, 3, "/");
    if (catalog::canonical_path(otherwise) != otherwise) std::abort();
    for (const char* pattern : {"/*/a*b/**", "/a/*", "/**", "/a*;*"}) {
      if (catalog::path_matches(pattern, otherwise) && !catalog::path_matches(pattern, *once))
        std::abort();
      if (catalog::path_is_within(pattern, *once) && !catalog::path_is_within(pattern, otherwise))
        std::abort();
    }
    for (const char* pattern : {"/*/a*b/**", "/a/*", "/**", "/a*;*"})
      if (catalog::path_is_within(pattern, *once) && !catalog::path_matches(pattern, *once))
        std::abort();
  }
  const auto rule = catalog::parse_rule(text);
  if (rule && catalog::parse_rule(catalog::rule_text(*rule)) != *rule) std::abort();
  if (catalog::check_variable_name(text) && (text.find('=') != std::string::npos || text == "PATH"))
    std::abort();
  return 0;
}
