// SessionFolder: what one container needs on this machine while it lives: what is shown to it, and
// what its runtime keeps. Nothing in it is secret.
//
// Used by: app's runner. Threads: values. Locked for as long as its maker lives, so that whoever
// comes later knows which folders nobody stands for any more, and clears them away.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/result.h"

namespace strongroom::workroom {

class SessionFolder {
 public:
  /// Below `root` (root_folder()), which is made where it is missing. `name`: letters, digits, '-'.
  static Result<SessionFolder> make(const std::string& root, const std::string& name);
  /// The same with nothing in it.
  static Result<SessionFolder> make_bare(const std::string& root, const std::string& name);
  SessionFolder(SessionFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        lock_(std::exchange(other.lock_, -1)),
        is_kept_(other.is_kept_) {}
  SessionFolder& operator=(SessionFolder&&) = delete;
  ~SessionFolder();  ///< removed, what a mount still holds excepted

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Shown in the container as kInside.
  [[nodiscard]] std::string inside() const { return path_ + "/inside"; }
  /// Of the runtime's own: state, bundle, scratch.
  [[nodiscard]] std::string own(const std::string& name) const { return path_ + "/" + name; }

  /// For a process that stands for the folder as well: locked for as long as either has it.
  [[nodiscard]] int lock() const noexcept { return lock_; }
  /// It stays when this goes: somebody else removes it.
  void keep() noexcept { is_kept_ = true; }

  /// $XDG_RUNTIME_DIR/strongroom, or /run/strongroom for root without one, or below /tmp.
  [[nodiscard]] static std::string root_folder();
  enum class Abandoned : bool { Keep, Remove };
  /// Calls for each folder below `root` that nobody stands for any more, with its lock.
  static void clear_abandoned(
      const std::string& root,
      const std::function<Abandoned(const std::string& path, int lock)>& decide);

 private:
  SessionFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_ = -1;
  bool is_kept_ = false;
};

}  // namespace strongroom::workroom
