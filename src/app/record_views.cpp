// SPDX-License-Identifier: Apache-2.0
#include "app/record_views.h"

#include <filesystem>

#include "app/call.h"
#include "app/files.h"
#include "audit/render.h"
#include "audit/view.h"
#include "base/encoding.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kLargest = 256UL << 20U;

std::string view_file(const std::string& folder) {
  return folder + "/view.json";
}
std::string lines_file(const std::string& folder) {
  return folder + "/entries.ndjson";
}

Result<std::string> lines_of(const audit::View& view) {
  std::string lines;
  for (const auto& each : view.entries) {
    STRONGROOM_TRY(const auto entry, audit::decode_entry(each.entry));
    lines += to_text(audit::render_line(each.index, entry)) + "\n";
  }
  return lines;
}

Status write_view(const std::string& folder, const json::value& document) {
  STRONGROOM_TRY(const auto view, audit::view_of_json(document));
  STRONGROOM_TRY(const std::string lines, lines_of(view));
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) return fail(Code::Storage, "cannot make " + folder + ": " + problem.message());
  STRONGROOM_CHECKED(write_file(view_file(folder), to_text(document) + "\n", 0644));
  return write_file(lines_file(folder), lines, 0644);
}

Result<audit::VerifiedView> verify_files(const std::string& folder, const crypto::PublicKey& key) {
  STRONGROOM_TRY(const std::string text, read_file(view_file(folder), kLargest));
  STRONGROOM_TRY(const auto document, parse_json(text));
  STRONGROOM_TRY(const auto view, audit::view_of_json(document));
  STRONGROOM_TRY(const auto verified, audit::verify_view(view, key));
  STRONGROOM_TRY(const std::string lines, lines_of(view));
  STRONGROOM_TRY(const std::string kept, read_file(lines_file(folder), kLargest));
  if (kept == lines) return verified;
  return fail(Code::Tampered, "entries.ndjson does not say what view.json proves");
}

}  // namespace

int view_export(const Common& common, const AuditOptions& options) {
  const std::string path = "/api/v1/audit/view" + query({{"tenant", options.tenant}});
  Status written;
  const int done = with_client(
      common, [&](ControlClient& client) { return client.post(path, {}); },
      [&](const json::value& answer) {
        written = write_view(options.view, answer);
        if (written) say(common.format, "Check it with 'strongroom audit verify' and its name.");
      });
  return done == 0 && !written ? report(written.error()) : done;
}

bool is_view_folder(const std::string& folder) {
  std::error_code problem;
  return std::filesystem::exists(view_file(folder), problem);
}

int verify_view_folder(const Common& common, const std::string& folder,
                       const crypto::PublicKey& key) {
  const auto verified = verify_files(folder, key);
  if (!verified) return report(verified.error());
  const json::object out{{"tenant", verified->tenant.text()},
                         {"entries", verified->entries},
                         {"complete_below", verified->complete_below},
                         {"complete_at", to_rfc3339(verified->complete_at)},
                         {"tree_size", verified->head.size},
                         {"tree_root", to_base64(verified->head.root)}};
  print_object(common.format, out,
               {{"tenant", "tenant"},
                {"entries", "entries"},
                {"none is missing up to", "complete_at"},
                {"entries in the tree", "tree_size"},
                {"root of the tree", "tree_root"}});
  return 0;
}

}  // namespace strongroom::app
