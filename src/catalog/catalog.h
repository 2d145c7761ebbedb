// Catalog: all services of an installation, read from TOML and validated. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/service.h"

namespace strongroom::catalog {

/// One file as read: its name is in every error ("catalog/gemini.toml:12: ...").
struct SourceFile {
  std::string name;
  std::string text;
};

/// The fuzzed entry: one file to one Service, or an error with file and line. At most 256 KiB.
[[nodiscard]] Result<Service> parse_service(const SourceFile& file);

class Catalog {
 public:
  /// Two files with one id are an error, except that the text of a later list may not replace a
  /// built-in one.
  static Result<Catalog> from_sources(std::vector<SourceFile> sources);
  /// The built-in files (compiled in from catalog/*.toml) and those of `user_directory`, where it
  /// exists.
  static Result<Catalog> load(const std::string& user_directory);
  [[nodiscard]] const Service* find(std::string_view id) const;
  [[nodiscard]] const std::map<std::string, Service, std::less<>>& services() const {
    return services_;
  }
  /// What the vault sends to gateways, so that they read no file.
  [[nodiscard]] const std::vector<SourceFile>& sources() const { return sources_; }

 private:
  std::map<std::string, Service, std::less<>> services_;
  std::vector<SourceFile> sources_;
};

/// The files of catalog/ compiled into the program.
[[nodiscard]] std::vector<SourceFile> built_in_sources();

/// May a tenant's variable have this name (generic-env, `run --env`)? [A-Z][A-Z0-9_]{0,63}, none of
/// those that change what programs load, run or trust (LD_*, PATH, NODE_OPTIONS, BASH_ENV, GIT_*,
/// PYTHON*, ...; the list is in names.cpp), none that a built-in proxied service sets.
[[nodiscard]] Status check_variable_name(std::string_view name);

/// One canonical path for policy and for the wire (RFC 3986 5.2.4, 6.2.2): decodes unreserved
/// escapes, upper-cases escapes, removes dot segments, folds "//"; refuses malformed escapes,
/// backslashes, controls and octets that no UTF-8 has, and ".." above the root. An escaped slash
/// stays one ("/@scope%2Fname"), where it stands between two names; else it is refused.
/// canonical(canonical(x)) == canonical(x).
[[nodiscard]] Result<std::string> canonical_path(std::string_view path);
/// Does a canonical path match a pattern of DeniedPath? However a server may read it: letter case,
/// escapes, a trailing slash and parameters after ";" make no difference, and it matches if it does
/// with its escaped slashes read as slashes, or as parts of names.
[[nodiscard]] bool path_matches(std::string_view pattern, std::string_view canonical);
/// The same for a rule that allows, and so the other way in doubt: every character as it is, no
/// parameters after ";", no segment that some server reads as "." or "..", and within in both
/// readings of escaped slashes. Whatever is within a pattern also matches it.
[[nodiscard]] bool path_is_within(std::string_view pattern, std::string_view canonical);

}  // namespace strongroom::catalog
