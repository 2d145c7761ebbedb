// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "catalog/rules.h"

namespace strongroom::catalog {
namespace {

/// "FILE:LINE: what", at the first line that holds `word`.
std::unexpected<Error> mistake_near(const SourceFile& source, std::string_view word,
                                    const std::string& what) {
  const auto found = source.text.find("\"" + std::string(word) + "\"");
  const auto end = found == std::string::npos
                       ? source.text.begin()
                       : source.text.begin() + static_cast<std::ptrdiff_t>(found);
  const auto line = 1 + std::count(source.text.begin(), end, '\n');
  return fail(Code::Invalid, source.name + ":" + std::to_string(line) + ": " + what);
}

/// A provider's key may not be injected under another service's name (threats.md J3).
Status check_injected(const std::map<std::string, Service, std::less<>>& services,
                      const SourceFile& source, const Service& injected) {
  for (const auto& [id, service] : services) {
    if (service.delivery != Delivery::Proxied) continue;
    for (const auto& variable : injected.variables)
      if (is_variable_name(variable.name) &&
          std::ranges::find(service.variables, variable.name, &Variable::name) !=
              service.variables.end())
        return mistake_near(
            source, variable.name,
            "the variable " + variable.name + " belongs to the proxied service '" + id + "'");
  }
  return {};
}

Result<std::vector<std::filesystem::path>> files_of(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  if (!std::filesystem::exists(directory, error) && !error) return files;
  std::filesystem::directory_iterator each(directory, error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error))
    if (each->path().extension() == ".toml") files.push_back(each->path());
  if (error)
    return fail(Code::Storage, "cannot read the folder " + directory + ": " + error.message());
  std::ranges::sort(files);
  return files;
}

Result<SourceFile> read_file(const std::filesystem::path& path) {
  constexpr std::size_t kMoreThanAllowed = (256UL << 10U) + 1;
  std::error_code error;
  std::ifstream file;
  if (std::filesystem::is_regular_file(path, error)) file.open(path, std::ios::binary);
  SourceFile source{path.string(), std::string(kMoreThanAllowed, '\0')};
  if (!file.is_open()) return fail(Code::Storage, "cannot read " + source.name);
  file.read(source.text.data(), static_cast<std::streamsize>(kMoreThanAllowed));
  if (file.bad()) return fail(Code::Storage, "cannot read " + source.name);
  source.text.resize(static_cast<std::size_t>(file.gcount()));
  return source;
}

}  // namespace

std::string_view name_of(Delivery delivery) {
  return delivery == Delivery::Proxied ? "proxied" : "injected";
}
std::string_view name_of(Home home) {
  return home == Home::Skill ? "skill" : "integration";
}

Result<Home> parse_home(std::string_view text) {
  if (text == "skill") return Home::Skill;
  if (text == "integration") return Home::Integration;
  return fail(Code::Invalid, "a home is 'skill' or 'integration'");
}

Result<Catalog> Catalog::from_sources(std::vector<SourceFile> sources) {
  Catalog catalog;
  std::vector<std::pair<const SourceFile*, const Service*>> injected;
  for (const auto& source : sources) {
    STRONGROOM_TRY(Service service, parse_service(source));
    const std::string id = service.id;
    const auto [place, is_new] = catalog.services_.emplace(id, std::move(service));
    if (!is_new)
      return mistake_near(source, id,
                          "the service '" + id + "' is defined already; choose another id");
    if (place->second.delivery == Delivery::Injected)
      injected.emplace_back(&source, &place->second);
  }
  for (const auto& [source, service] : injected)
    STRONGROOM_CHECKED(check_injected(catalog.services_, *source, *service));
  catalog.sources_ = std::move(sources);
  return catalog;
}

Result<Catalog> Catalog::load(const std::string& user_directory) {
  auto sources = built_in_sources();
  STRONGROOM_TRY(const auto files, files_of(user_directory));
  for (const auto& path : files) {
    STRONGROOM_TRY(SourceFile source, read_file(path));
    sources.push_back(std::move(source));
  }
  return from_sources(std::move(sources));
}

const Service* Catalog::find(std::string_view id) const {
  const auto found = services_.find(id);
  return found == services_.end() ? nullptr : &found->second;
}

}  // namespace strongroom::catalog
