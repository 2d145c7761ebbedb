// What the templates of catalog/*.toml become (catalog/templates.h): {pass} {base} {value}
// {url:value} {basic:NAME} {setting:NAME} {url:NAME} {json:NAME}. A template with a value in it
// gives a Secret; one that names an absent optional setting gives nothing. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "workroom/environment.h"

namespace strongroom::workroom {

struct TemplateInputs {
  const SessionKey& key;
  std::string base;  ///< {base}
};

/// Invalid when the text holds a value, or names what there is not.
[[nodiscard]] Result<std::optional<std::string>> expand_plain(std::string_view text,
                                                              const TemplateInputs& inputs);
[[nodiscard]] Result<std::optional<Secret>> expand_secret(std::string_view text,
                                                          const TemplateInputs& inputs);
/// What was set with the key, else the service's default; empty when there is neither.
[[nodiscard]] std::string setting_of(const SessionKey& key, std::string_view name);

}  // namespace strongroom::workroom
