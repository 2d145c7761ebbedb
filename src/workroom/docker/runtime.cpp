// SPDX-License-Identifier: Apache-2.0
#include "workroom/docker/runtime.h"

#include <fcntl.h>
#include <unistd.h>

#include "workroom/docker/container.h"
#include "workroom/docker/running_container.h"
#include "workroom/handover.h"
#include "workroom/order_socket.h"
#include "workroom/users.h"

namespace strongroom::workroom::docker {
namespace {

constexpr std::chrono::seconds kBeginWithin{20};

/// What the image says where the caller has said nothing.
Status fill_in(WorkroomSpec& spec, const Image& image) {
  if (spec.command.empty()) spec.command = image.command;
  if (spec.working_directory.empty()) spec.working_directory = image.working_directory;
  if (spec.working_directory.empty()) spec.working_directory = "/";
  if (!spec.working_directory.starts_with('/'))
    return fail(Code::Invalid, "--workdir " + spec.working_directory + " is not absolute");
  if (spec.container.user.empty()) spec.container.user = image.user;
  spec.image_variables = image.variables;
  spec.image_variables.push_back({"PATH", kContainerPath});
  return check_spec(spec);
}

/// By the files of the container itself, in which nothing but init runs yet. The engine is asked
/// only where we may not look: to answer, it mounts them all for a moment.
io::Task<Result<UserAndHome>> look_up(Engine& engine, std::string id, pid_t pid, std::string user) {
  const std::string root = "/proc/" + std::to_string(pid) + "/root";
  const int fd = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    ::close(fd);
    co_return user_of(root, user);
  }
  const auto passwd = co_await file_of_container(engine, id, "/etc/passwd");
  if (!passwd) co_return std::unexpected(passwd.error());
  const auto groups = co_await file_of_container(engine, id, "/etc/group");
  if (!groups) co_return std::unexpected(groups.error());
  co_return find_user(*passwd, *groups, user);
}

/// An engine whose containers' root is another user of this machine cannot show them our sockets.
io::Task<Error> explained(Engine& engine, Error error) {
  Call call;
  call.path = "/info";
  const auto info = co_await engine.ask(std::move(call));
  if (info && info->find("\"name=userns\"") != std::string::npos)
    error.message +=
        " (the engine maps users, userns-remap: it cannot reach the session's sockets)";
  co_return error;
}

io::Task<Result<int>> start_and_accept(Engine& engine, std::string id, RunningContainer& container,
                                       OrderSocket& order) {
  const Status started = co_await start_container(engine, id);
  if (!started) co_return std::unexpected(started.error());
  const auto pid = co_await pid_of_container(engine, id);
  if (!pid) co_return std::unexpected(pid.error());
  const Status adopted = container.adopt(*pid);
  if (!adopted) co_return std::unexpected(adopted.error());
  co_return co_await order.accept(*pid, Deadline::after(engine.loop().clock(), kBeginWithin));
}

}  // namespace

io::Task<Result<std::unique_ptr<RunningInit>>> DockerRuntime::launch(io::Loop& loop,
                                                                     WorkroomSpec& spec) {
  const auto engine = std::make_shared<Engine>(loop, plan_.socket);
  const Status greeted = co_await engine->greet();
  if (!greeted) co_return std::unexpected(greeted.error());
  co_await remove_abandoned(*engine);
  const auto image = co_await find_image(*engine, spec.container.image, plan_.pull);
  if (!image) co_return std::unexpected(image.error());
  const Status filled = fill_in(spec, *image);
  if (!filled) co_return std::unexpected(filled.error());
  auto streams = HandedStreams::make(loop, spec.streams);
  if (!streams) co_return std::unexpected(streams.error());
  spec.streams = streams->streams();
  OrderSocket order(loop);
  const Status listening = order.listen(spec.container.inside + "/order.sock");
  if (!listening) co_return std::unexpected(listening.error());
  ContainerFacts facts{image->id, spec.init_program, spec.working_directory, plan_.session,
                       plan_.folder};
  auto config = container_config(spec.container, facts);
  if (!config) co_return std::unexpected(config.error());
  auto id = co_await create_container(*engine, spec.container.name, std::move(*config));
  if (!id) co_return std::unexpected(id.error());
  auto container = std::make_unique<RunningContainer>(engine, *id, std::move(*streams));
  const auto wire = co_await start_and_accept(*engine, *id, *container, order);
  if (!wire) co_return std::unexpected(co_await explained(*engine, wire.error()));
  container->take_wire(*wire);
  const auto who = co_await look_up(*engine, *id, container->pid(), spec.container.user);
  if (!who) co_return std::unexpected(who.error());
  if (who->user != 0 || who->group != 0) spec.user = CommandUser{who->user, who->group};
  spec.image_variables.push_back({"HOME", who->home});
  co_return std::unique_ptr<RunningInit>(std::move(container));
}

}  // namespace strongroom::workroom::docker
