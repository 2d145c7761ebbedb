// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace strongroom::catalog {

std::string_view name_of(Delivery delivery) { return delivery == Delivery::Proxied ? "proxied" : "injected"; }
std::string_view name_of(Home home) { return home == Home::Skill ? "skill" : "integration"; }

Result<Home> parse_home(std::string_view text) {
  if (text == "skill") return Home::Skill;
  if (text == "integration") return Home::Integration;
  return fail(Code::Invalid, "a home is 'skill' or 'integration'");
}

Result<Catalog> Catalog::from_sources(std::vector<SourceFile> sources) {
  Catalog catalog;
  for (const auto& source : sources) {
    STRONGROOM_TRY(Service service, parse_service(source));
    const std::string id = service.id;
    if (!catalog.services_.emplace(id, std::move(service)).second)
      return fail(Code::Invalid, source.name + ": the service '" + id + "' is defined already; choose another id");
  }
  catalog.sources_ = std::move(sources);
  return catalog;
}

Result<Catalog> Catalog::load(const std::string& user_directory) {
  auto sources = built_in_sources();
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator each(user_directory, error), end; !error && each != end; each.increment(error))
    if (each->path().extension() == ".toml") files.push_back(each->path());
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return fail(Code::Storage, "cannot read " + path.string());
    sources.push_back({path.string(), text.str()});
  }
  return from_sources(std::move(sources));
}

const Service* Catalog::find(std::string_view id) const {
  const auto found = services_.find(id);
  return found == services_.end() ? nullptr : &found->second;
}

}  // namespace strongroom::catalog
