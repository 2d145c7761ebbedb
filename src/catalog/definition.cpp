// SPDX-License-Identifier: Apache-2.0
#include "catalog/definition.h"

#include <charconv>
#include <string_view>
#include <utility>

namespace strongroom::catalog {
namespace {

/// Stands for the file's name, which it has not got yet.
constexpr std::string_view kName = "definition";

/// "definition:12: what" is what, at line 12; a mistake that shows in another file is told whole.
Verdict refusal(std::string_view message) {
  Verdict verdict;
  verdict.why = message;
  if (!message.starts_with(kName)) return verdict;
  std::string_view rest = message.substr(kName.size());
  if (!rest.starts_with(':')) return verdict;
  rest.remove_prefix(1);
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), verdict.line);
  if (problem != std::errc()) return verdict;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (rest.starts_with(": ")) verdict.why = rest.substr(2);
  return verdict;
}

}  // namespace

Verdict check_definition(const Catalog& catalog, std::string text) {
  const SourceFile source{std::string(kName), std::move(text)};
  auto service = parse_service(source);
  if (!service) return refusal(service.error().message);
  auto sources = catalog.sources();
  sources.push_back(source);
  if (const auto all = Catalog::from_sources(std::move(sources)); !all)
    return refusal(all.error().message);
  Verdict verdict;
  verdict.service = std::move(*service);
  return verdict;
}

}  // namespace strongroom::catalog
