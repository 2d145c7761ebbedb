// strongroom-init: process 1 of a workroom. It hands the variables to the command, reaps, forwards
// signals, and ends with the command's status; with it ends everything else in the workroom.
//
// Static, no third party, small on purpose: it runs inside workrooms of any kind. It is not
// dumpable; the variables lie in locked memory until the command runs, then they are wiped here.
// Where it is not process 1 (no namespace to be had) it is a subreaper and ends its descendants
// itself. SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <string>
#include <vector>

#include "workroom/init/exec_client.h"
#include "workroom/init/hello.h"
#include "workroom/init/order.h"
#include "workroom/init/process_one.h"
#include "workroom/init/relay.h"
#include "workroom/init/unix_dial.h"
#include "workroom/places.h"

namespace strongroom::workroom {
namespace {

[[noreturn]] void leave(WireAnswer::What what, int why) {
  const WireAnswer answer{what, why};
  (void)::send(kWireDescriptor, &answer, sizeof(answer), MSG_NOSIGNAL);
  ::_exit(127);
}

/// Takes the order, starts the command, wipes.
pid_t receive_and_start(bool leads_group, const std::string& gateway_socket) {
  WireHead head;
  Order order;
  if (!read_head(kWireDescriptor, head, order) || head.version != kWireVersion || head.size == 0 ||
      head.size > kWireLimit)
    leave(WireAnswer::What::Malformed, EPROTO);
  const LockedPages pages(head.size);
  if (pages.data() == nullptr || !read_exactly(kWireDescriptor, pages.data(), head.size) ||
      !parse(head, pages, order))
    leave(WireAnswer::What::Malformed, EPROTO);
  if (!order.relays.empty())
    if (const int why = start_relays(order.relays, gateway_socket.c_str()); why != 0)
      leave(WireAnswer::What::NoRelay, why);
  if (*order.directory != '\0' && ::chdir(order.directory) != 0)
    leave(WireAnswer::What::NoDirectory, errno);
  int why = 0;
  const pid_t command = start(order, leads_group, why);
  if (command == kNoUser) leave(WireAnswer::What::NoUser, why);
  if (command < 0) leave(WireAnswer::What::NoCommand, why);
  return command;
}

void become_wire(int fd) {
  if (fd == kWireDescriptor) return;
  ::dup2(fd, kWireDescriptor);
  ::close(fd);
}

/// In a container the order comes over a socket that the runner has put there, which takes one
/// connection, and only ours.
void connect_wire(const std::string& path) {
  const int fd = dial_unix(path.c_str());
  if (fd < 0) ::_exit(127);
  become_wire(fd);
}

}  // namespace

int run_init(const std::vector<std::string>& arguments) {
  // Inherited: no core file of the command holds its variables. 1 instead of 0, because a crash
  // handler behind a pipe ignores 0.
  const rlimit none{1, 1};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const bool is_first = ::getpid() == 1;
  if (!is_first) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::string gateway_socket = kGatewaySocket;
  if (arguments.size() == 2 && arguments[0] == "--order") connect_wire(arguments[1]);
  if (!arguments.empty() && arguments[0] == "--socket") {
    const Meeting meeting = meet_runner(arguments);
    become_wire(meeting.wire);
    gateway_socket = meeting.folder + kGatewayBelow;
  }
  if (::fcntl(kWireDescriptor, F_SETFD, FD_CLOEXEC) != 0) {
    static constexpr char kUse[] =
        "strongroom-init is started by `strongroom run` as the first process of a workroom, or by "
        "a platform as a container's entry point: strongroom-init --socket PATH -- COMMAND\n";
    (void)!::write(STDERR_FILENO, kUse, sizeof(kUse) - 1);
    return 2;
  }
  const int signals = watch_signals();
  // The group is ours only when we do not share a terminal's foreground with the runner (see
  // runtime).
  const pid_t command = receive_and_start(::getpgrp() == ::getpid(), gateway_socket);
  const WireAnswer started{WireAnswer::What::Started, 0};
  (void)::send(kWireDescriptor, &started, sizeof(started), MSG_NOSIGNAL);
  workroom::run({command, signals, is_first});
}

}  // namespace strongroom::workroom

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!arguments.empty() && arguments[0] == "exec")
    return strongroom::workroom::run_exec_client({arguments.begin() + 1, arguments.end()});
  return strongroom::workroom::run_init(arguments);
}
