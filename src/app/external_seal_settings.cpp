// SPDX-License-Identifier: Apache-2.0
#include "app/external_seal_settings.h"

#include <algorithm>
#include <array>
#include <span>

#include "app/config_fields.h"
#include "app/files.h"

namespace strongroom::app {
namespace {

using external_seal::Settings;

constexpr std::size_t kMostSeals = 16;
constexpr std::size_t kLongestName = 32;

enum class Form : std::uint8_t {
  Text,
  File,     ///< made absolute
  Secret,   ///< a file that is read when it is needed
  Content,  ///< a file's content
  Files,    ///< a list of the same, made absolute
  Pairs,    ///< a list of NAME=VALUE
  Flag,
};
struct Field {
  std::string_view name;
  std::string_view inside;  ///< what the sealer knows it by
  Form form = Form::Text;
  bool is_required = false;
};
struct Kind {
  std::string_view name;
  std::span<const Field> fields;
};

constexpr std::array kPkcs11Fields = {Field{"module", "module", Form::File, true},
                                      Field{"token", "token", Form::Text, true},
                                      Field{"key", "key", Form::Text, true},
                                      Field{"pin_file", "", Form::Secret},
                                      Field{"folders", "folder", Form::Files},
                                      Field{"environment", "environment", Form::Pairs},
                                      Field{"local_sockets", "local_sockets", Form::Flag}};
constexpr std::array kTransitFields = {Field{"url", "url", Form::Text, true},
                                       Field{"key", "key", Form::Text, true},
                                       Field{"mount", "mount"},
                                       Field{"namespace", "namespace"},
                                       Field{"ca", "ca", Form::Content},
                                       Field{"token_file", "", Form::Secret},
                                       Field{"role_id", "role_id"},
                                       Field{"secret_id_file", "", Form::Secret},
                                       Field{"auth_mount", "auth_mount"}};
constexpr std::array kKmsFields = {Field{"region", "region", Form::Text, true},
                                   Field{"key", "key", Form::Text, true},
                                   Field{"credentials_file", "", Form::Secret, true},
                                   Field{"profile", "profile"},
                                   Field{"url", "url"},
                                   Field{"ca", "ca", Form::Content},
                                   Field{"context", "context", Form::Pairs}};
constexpr std::array kTpmFields = {Field{"tcti", "tcti"}, Field{"pcrs", "pcrs"},
                                   Field{"pin_file", "", Form::Secret}};
constexpr std::array kCredentialFields = {Field{"secret_file", "", Form::Secret, true}};
constexpr std::array kKinds = {
    Kind{external_seal::kPkcs11, kPkcs11Fields}, Kind{external_seal::kTransit, kTransitFields},
    Kind{external_seal::kAwsKms, kKmsFields}, Kind{external_seal::kTpm2, kTpmFields},
    Kind{external_seal::kCredential, kCredentialFields}};

std::unexpected<Error> wrong(const std::string& name, const std::string& what) {
  return fail(Code::Invalid, "strongroom.toml: [[external_seal]] '" + name + "': " + what);
}

/// Names are in commands and rows.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && text != "file" && text != "passphrase" &&
         text != "shares" && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Status take_list(const json::object& table, const Field& field, const std::filesystem::path& folder,
                 Settings& seal) {
  std::vector<std::string> texts;
  STRONGROOM_CHECKED(take_texts(table, field.name, texts));
  for (auto& text : texts) {
    if (field.form == Form::Pairs && text.find('=') == std::string::npos)
      return wrong(seal.name, "'" + std::string(field.name) + "' is a list of NAME=VALUE");
    seal.values.emplace_back(field.inside,
                             field.form == Form::Files ? absolute(text, folder) : std::move(text));
  }
  return {};
}

Status take_one(const json::object& table, const Field& field, const std::filesystem::path& folder,
                Settings& seal) {
  std::string text;
  STRONGROOM_CHECKED(take_text(table, field.name, text));
  if (text.empty() && field.is_required)
    return wrong(seal.name, "'" + std::string(field.name) + "' is missing");
  if (text.empty()) return {};
  const bool is_handed_over = text.starts_with(external_seal::kHandedOver);
  if (field.form != Form::Text && !is_handed_over) text = absolute(text, folder);
  if (field.form == Form::Secret) {
    if (!seal.secret_file.empty()) return wrong(seal.name, "one secret is enough");
    seal.secret_file = std::move(text);
    return {};
  }
  if (field.form == Form::Content) {
    STRONGROOM_TRY(text, read_file(text));
  }
  seal.values.emplace_back(field.inside, std::move(text));
  return {};
}

Status take(const json::object& table, const Field& field, const std::filesystem::path& folder,
            Settings& seal) {
  if (field.form == Form::Flag) {
    bool is_set = false;
    STRONGROOM_CHECKED(take_flag(table, field.name, is_set));
    if (is_set) seal.values.emplace_back(field.inside, "true");
    return {};
  }
  const bool is_list = field.form == Form::Files || field.form == Form::Pairs;
  return is_list ? take_list(table, field, folder, seal) : take_one(table, field, folder, seal);
}

Status refuse_unknown_of(const json::object& table, const Kind& kind, const std::string& name) {
  for (const auto& item : table) {
    const std::string_view given(item.key());
    if (given == "name" || given == "kind") continue;
    if (std::ranges::find(kind.fields, given, &Field::name) == kind.fields.end())
      return wrong(name, "unknown setting '" + std::string(given) + "'");
  }
  return {};
}

Status check_transit(const Settings& seal, const json::object& table) {
  if (seal.kind != external_seal::kTransit) return {};
  if (seal.secret_file.empty())
    return wrong(seal.name, "'token_file' is missing, or 'role_id' and 'secret_id_file'");
  if (seal.value("role_id").empty() == table.contains("secret_id_file"))
    return wrong(seal.name, "'role_id' and 'secret_id_file' belong together");
  return {};
}

Result<Settings> read_one(const json::value& item, const std::filesystem::path& folder) {
  if (!item.is_object())
    return fail(Code::Invalid, "strongroom.toml: [[external_seal]] must be a table");
  const auto& table = item.get_object();
  Settings seal;
  STRONGROOM_CHECKED(take_text(table, "name", seal.name));
  STRONGROOM_CHECKED(take_text(table, "kind", seal.kind));
  if (!is_name(seal.name))
    return fail(Code::Invalid,
                "strongroom.toml: the 'name' of an [[external_seal]] has 1 to 32 of a-z, 0-9 and "
                "'-', and is none of file, passphrase and shares");
  const auto* const kind = std::ranges::find(kKinds, seal.kind, &Kind::name);
  if (kind == kKinds.end()) {
    std::string known;
    for (const auto& each : kKinds) known += (known.empty() ? "" : ", ") + std::string(each.name);
    return wrong(seal.name, "its 'kind' is one of " + known);
  }
  STRONGROOM_CHECKED(refuse_unknown_of(table, *kind, seal.name));
  for (const auto& field : kind->fields) STRONGROOM_CHECKED(take(table, field, folder, seal));
  STRONGROOM_CHECKED(check_transit(seal, table));
  return seal;
}

}  // namespace

Result<std::vector<Settings>> read_external_seals(const json::value& seals,
                                                  const std::filesystem::path& folder) {
  if (!seals.is_array())
    return fail(Code::Invalid,
                "strongroom.toml: write [[external_seal]] with two pairs of brackets");
  if (seals.get_array().size() > kMostSeals)
    return fail(Code::Invalid, "strongroom.toml: at most 16 external seals");
  std::vector<Settings> out;
  for (const auto& item : seals.get_array()) {
    STRONGROOM_TRY(auto seal, read_one(item, folder));
    if (std::ranges::find(out, seal.name, &Settings::name) != out.end())
      return wrong(seal.name, "there are two of that name");
    out.push_back(std::move(seal));
  }
  return out;
}

}  // namespace strongroom::app
