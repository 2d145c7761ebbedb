// The commands that make, check and restore backups. Only the first one needs a server; it knows
// that what came is whole, and the others that it is right. SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "app/call.h"
#include "app/config.h"
#include "app/external_seals.h"
#include "app/files.h"
#include "app/prompt.h"
#include "base/encoding.h"
#include "base/owned_descriptor.h"
#include "vault/backup.h"

namespace strongroom::app {
namespace {

constexpr std::string_view kProtocol = "strongroom-backup/1";

/// A file that has its name only once it is whole and durable; else nothing is left of it.
class NewFile {
 public:
  explicit NewFile(std::string path)
      : path_(std::move(path)),
        partial_(path_ + ".partial"),
        file_(::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                     0600)) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (!is_kept_ && file_.get() >= 0) ::unlink(partial_.c_str());
  }
  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] const std::string& partial() const { return partial_; }
  [[nodiscard]] Status made() const { return file_.get() >= 0 ? Status() : failed("make"); }
  [[nodiscard]] Status keep() {
    if (::fsync(file_.get()) != 0 || ::rename(partial_.c_str(), path_.c_str()) != 0)
      return failed("write");
    is_kept_ = true;
    return synchronise_folder_of(path_) ? Status() : failed("write");
  }

 private:
  [[nodiscard]] std::unexpected<Error> failed(const std::string& what) const {
    return fail(Code::Storage, "cannot " + what + " " + path_ + ": " + std::strerror(errno));
  }
  std::string path_;
  std::string partial_;
  OwnedDescriptor file_;
  bool is_kept_ = false;
};

Status write_all(int fd, ByteView octets) {
  while (!octets.empty()) {
    const ssize_t done = ::write(fd, octets.data(), octets.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0)
      return fail(Code::Storage,
                  "the backup cannot be written: " + std::string(std::strerror(errno)));
    octets = octets.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

vault::BackupFrames::Source reading(int fd) {
  return [fd](std::size_t size) -> Result<ByteVector> {
    ByteVector octets(size);
    std::size_t have = 0;
    while (have < size) {
      const ssize_t got = ::read(fd, octets.data() + have, size - have);
      if (got < 0 && errno == EINTR) continue;
      // A server that gives up resets the connection: it is cut off.
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    octets.resize(have);
    return octets;
  };
}

json::object shown(const vault::BackupHead& head) {
  std::string seals;
  for (const auto& seal : head.seals) {
    const std::string detail = vault::detail_of(seal);
    seals += (seals.empty() ? "" : ", ") + seal.kind + (detail.empty() ? "" : " (" + detail + ")");
  }
  return {{"installation", head.installation},
          {"version", head.version},
          {"made", to_rfc3339(head.made)},
          {"generation", head.generation},
          {"revision", head.revision},
          {"octets", head.octets},
          {"seals", seals},
          {"checkpoint", head.checkpoint}};
}

void print_head(Format format, const vault::BackupHead& head) {
  print_object(format, shown(head),
               {{"installation", "installation"},
                {"made", "made"},
                {"change", "revision"},
                {"generation", "generation"},
                {"octets", "octets"},
                {"opened by", "seals"}});
}

Result<vault::BackupHead> receive(int from, int to) {
  vault::BackupFrames frames(reading(from));
  const auto broken_off = [](const Error& error) {
    return fail(Code::Unavailable,
                "The server broke the backup off (its log says why): " + error.message);
  };
  const auto start = frames.start();
  if (!start) return broken_off(start.error());
  STRONGROOM_TRY(auto head, vault::read_head(start->head));
  STRONGROOM_CHECKED(write_all(to, vault::backup_start(start->head, start->sealed_key)));
  for (auto place = crypto::Place::Inner; place == crypto::Place::Inner;) {
    const auto frame = frames.next();
    if (!frame) return broken_off(frame.error());
    STRONGROOM_CHECKED(write_all(to, vault::backup_frame(frame->segment, frame->place)));
    place = frame->place;
  }
  return head;
}

Result<vault::BackupHead> back_up(const Common& common, const std::string& file) {
  if (file.empty())
    return fail(Code::Invalid, "say where the backup goes: strongroom backup FILE, or '-'");
  STRONGROOM_TRY(auto server, find_server(common.data));
  ControlClient client(std::move(server));
  if (file == "-") {
    if (::isatty(STDOUT_FILENO) == 1)
      return fail(Code::Invalid, "a backup is not written to a terminal: name a file");
    STRONGROOM_TRY(const int fd, client.upgrade("/api/v1/backups", kProtocol));
    const OwnedDescriptor socket(fd);
    return receive(socket.get(), STDOUT_FILENO);
  }
  NewFile out(file);
  STRONGROOM_CHECKED(out.made());
  STRONGROOM_TRY(const int fd, client.upgrade("/api/v1/backups", kProtocol));
  const OwnedDescriptor socket(fd);
  STRONGROOM_TRY(auto head, receive(socket.get(), out.fd()));
  STRONGROOM_CHECKED(out.keep());
  return head;
}

/// External ones as strongroom.toml says, which may be beside the backup or anywhere.
ExternalSeals external_seals(const Common& common, const BackupOptions& options) {
  ServeFlags flags;
  flags.data = common.data;
  if (!options.config.empty()) flags.config = options.config;
  return ExternalSeals::of(flags);
}

/// Those that are brought are kept while the command runs: a restore opens twice by them.
class Shares {
 public:
  Result<Secret> next() {
    if (at_ == brought_.size()) {
      STRONGROOM_TRY(Secret share, read_next_line("Share " + std::to_string(at_ + 1)));
      brought_.push_back(std::move(share));
    }
    return brought_[at_++].duplicate();
  }
  void begin_again() { at_ = 0; }

 private:
  std::vector<Secret> brought_;
  std::size_t at_ = 0;
};

Status check_options(const BackupOptions& options) {
  if (!options.by_shares || options.file != "-") return {};
  return fail(Code::Invalid,
              "with --by-shares the shares come in by standard input: name the backup's file");
}

/// By shares: nobody is asked for a passphrase as well.
vault::SealOptions seal_options(const Common& common, const BackupOptions& options,
                                ExternalSeals& external, Shares& shares) {
  vault::SealOptions seals;
  seals.file_path =
      options.seal_file.empty() ? data_directory(common.data) + "/seal.key" : options.seal_file;
  if (options.by_shares)
    seals.ask_share = [&shares] { return shares.next(); };
  else
    seals.ask_passphrase = read_passphrase;
  external.give_to(seals);
  return seals;
}

Result<int> opened(const std::string& file) {
  const int fd = file == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                             : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) return fd;
  return fail(errno == ENOENT ? Code::NotFound : Code::Storage,
              "cannot open " + file + ": " + std::strerror(errno));
}

Result<vault::BackupHead> verify(const Common& common, const BackupOptions& options) {
  STRONGROOM_CHECKED(check_options(options));
  STRONGROOM_TRY(const int fd, opened(options.file));
  const OwnedDescriptor in(fd);
  auto external = external_seals(common, options);
  Shares shares;
  return vault::read_backup(reading(in.get()), seal_options(common, options, external, shares),
                            [](ByteView) { return Status(); });
}

/// A database that is there is never written over.
Status check_empty(const std::string& data) {
  static constexpr std::array<std::string_view, 2> kFiles = {"strongroom.db", "strongroom.db-wal"};
  for (const auto name : kFiles) {
    const std::string path = data + "/" + std::string(name);
    if (::access(path.c_str(), F_OK) == 0)
      return fail(Code::Conflict,
                  data + " holds a database already: restore into another directory.");
  }
  return {};
}

Result<vault::BackupHead> restore_into(const std::string& data, const Common& common,
                                       const BackupOptions& options) {
  STRONGROOM_CHECKED(check_options(options));
  STRONGROOM_CHECKED(prepare_private_directory(data));
  STRONGROOM_CHECKED(check_empty(data));
  STRONGROOM_TRY(const int fd, opened(options.file));
  const OwnedDescriptor in(fd);
  auto external = external_seals(common, options);
  Shares shares;
  const auto seals = seal_options(common, options, external, shares);
  NewFile out(data + "/strongroom.db");
  STRONGROOM_CHECKED(out.made());
  STRONGROOM_TRY(auto head, vault::read_backup(reading(in.get()), seals, [&](ByteView piece) {
                   return write_all(out.fd(), piece);
                 }));
  shares.begin_again();
  STRONGROOM_CHECKED(vault::check_restored(out.partial(), head, seals));
  STRONGROOM_CHECKED(out.keep());
  return head;
}

}  // namespace

int backup_make(const Common& common, const BackupOptions& options) {
  const auto head = back_up(common, options.file);
  if (!head) return report(head.error());
  if (options.file != "-") print_head(common.format, *head);
  return 0;
}

int backup_verify(const Common& common, const BackupOptions& options) {
  const auto head = verify(common, options);
  if (!head) return report(head.error());
  print_head(common.format, *head);
  say(common.format, "It is whole, and what the vault wrote.");
  return 0;
}

int restore(const Common& common, const BackupOptions& options) {
  const std::string data = data_directory(common.data);
  const auto head = restore_into(data, common, options);
  if (!head) return report(head.error());
  print_head(common.format, *head);
  say(common.format, "Restored into " + data + ". What was revoked after " +
                         to_rfc3339(head->made) + " is live in it:");
  say(common.format,
      "  Put seal.key there, where the seal is a file, and audit/ of the newest time, if there is "
      "one: it tells what was revoked since.");
  say(common.format,
      "  Then start once with 'strongroom serve --accept-rollback'. Without audit/ nothing tells "
      "what was revoked since: look through 'strongroom key list'.");
  return 0;
}

}  // namespace strongroom::app
