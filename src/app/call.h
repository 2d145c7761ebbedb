// What the command functions share: the client for --data, and answering a Result as an exit code.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "app/commands.h"
#include "app/control_client.h"

namespace strongroom::app {

/// Calls `use(client)`, which answers a Result; `show(document)` prints a success. Errors are
/// reported and become exit codes.
template <class Use, class Show>
int with_client(const Common& common, Use&& use, Show&& show) {
  auto server = find_server(common.data);
  if (!server) return report(server.error());
  ControlClient client(std::move(*server));
  auto answer = std::forward<Use>(use)(client);
  if (!answer) return report(answer.error());
  std::forward<Show>(show)(*answer);
  return 0;
}

/// Asks for the removal of what is at `path`, and says for people that it is done.
int remove_at(const Common& common, const std::string& path, std::string_view done);
/// What a receipt proves, for people; the signed document with --json.
void print_receipt(Format format, const json::value& document);
/// "/api/v1/COLLECTION/ID/VERB".
[[nodiscard]] std::string path_of(std::string_view collection, std::string_view id,
                                  std::string_view verb = {});
[[nodiscard]] json::array to_array(const std::vector<std::string>& items);

/// "NAME=VALUE" split; Invalid says which one is not.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> split_pairs(
    const std::vector<std::string>& pairs, std::string_view option);

}  // namespace strongroom::app
