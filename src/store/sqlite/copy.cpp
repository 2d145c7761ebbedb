// Changes by the connection that is copied from go into the copy by themselves, so it never begins
// anew. SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/copy.h"

namespace strongroom::store::sqlite {
namespace {

/// In one step: well under a millisecond.
constexpr int kPages = 32;

class Copy final : public Copying {
 public:
  Copy(std::shared_ptr<Connection> from, std::unique_ptr<Connection> to)
      : from_(std::move(from)),
        to_(std::move(to)),
        backup_(sqlite3_backup_init(to_->handle(), "main", from_->handle(), "main")) {}

  Result<bool> step() override {
    if (!backup_) return std::unexpected(to_->failure(sqlite3_errcode(to_->handle())));
    const int code = sqlite3_backup_step(backup_.get(), kPages);
    if (code == SQLITE_OK) return true;
    if (code != SQLITE_DONE) return std::unexpected(to_->failure(code));
    const int finished = sqlite3_backup_finish(backup_.release());
    if (finished != SQLITE_OK) return std::unexpected(to_->failure(finished));
    return false;
  }

 private:
  struct Finish {
    void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
  };
  std::shared_ptr<Connection> from_;
  std::unique_ptr<Connection> to_;
  std::unique_ptr<sqlite3_backup, Finish> backup_;  ///< goes before the two
};

}  // namespace

Result<std::unique_ptr<Copying>> begin_copy(std::shared_ptr<Connection> from,
                                            const std::string& path) {
  STRONGROOM_TRY(auto to, Connection::open_for_copy(path));
  return std::make_unique<Copy>(std::move(from), std::move(to));
}

}  // namespace strongroom::store::sqlite
