// Files become pipes; pipes stay what they are. SPDX-License-Identifier: Apache-2.0
#include "workroom/handed_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace strongroom::workroom {
namespace {

class Handed : public ::testing::Test {
 public:
  SystemClock clock;
  io::Loop loop{clock};
  std::string folder;

  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    char path[] = "/tmp/handed-test-XXXXXX";
    folder = ::mkdtemp(path);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  int file(const std::string& name, int flags) const {
    return ::open((folder + "/" + name).c_str(), flags | O_CREAT | O_CLOEXEC, 0600);
  }
  std::string contents(const std::string& name) const {
    std::ifstream stream(folder + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  void drive(io::Task<void> task) {
    loop.spawn(std::move(task));
    loop.run();
  }
};

bool is_pipe(int fd) {
  struct stat is{};
  return ::fstat(fd, &is) == 0 && S_ISFIFO(is.st_mode);
}

TEST_F(Handed, J1_a_file_is_not_handed_over_but_all_of_its_octets_are) {
  const std::string content(3UL << 20U, 'x');
  std::ofstream(folder + "/in") << content;
  const Streams callers{file("in", O_RDONLY), file("out", O_WRONLY), file("error", O_WRONLY)};
  auto handed = HandedStreams::make(loop, callers);
  ASSERT_TRUE(handed);
  const Streams given = handed->streams();
  EXPECT_TRUE(is_pipe(given.in) && is_pipe(given.out) && is_pipe(given.error));
  // Whoever has them: a thread, with descriptors of its own.
  const int in = ::dup(given.in);
  const int out = ::dup(given.out);
  std::thread command([in, out] {
    char piece[4096];
    for (ssize_t size = 0; (size = ::read(in, piece, sizeof(piece))) > 0;)
      EXPECT_EQ(::write(out, piece, static_cast<std::size_t>(size)), size);
    ::close(in);
    ::close(out);
  });
  drive([](Handed& self, HandedStreams& streams) -> io::Task<void> {
    streams.let_go();
    co_await streams.drained();
    self.loop.stop();
  }(*this, *handed));
  command.join();
  EXPECT_EQ(contents("out"), content);
  EXPECT_EQ(contents("error"), "");
}

TEST_F(Handed, one_file_for_both_outputs_keeps_their_order) {
  const int both = file("both", O_WRONLY);
  auto handed = HandedStreams::make(loop, {::open("/dev/null", O_RDONLY), both, ::dup(both)});
  ASSERT_TRUE(handed);
  EXPECT_EQ(handed->streams().out, handed->streams().error);
}

TEST_F(Handed, pipes_and_devices_are_handed_over_as_they_are) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int nothing = ::open("/dev/null", O_RDWR);
  auto handed = HandedStreams::make(loop, {nothing, ends[1], nothing});
  ASSERT_TRUE(handed);
  EXPECT_EQ(handed->streams().in, nothing);
  EXPECT_EQ(handed->streams().out, ends[1]);
}

TEST_F(Handed, a_folder_is_an_empty_input) {
  const int nothing = ::open("/dev/null", O_RDWR);
  auto handed = HandedStreams::make(loop, {::open("/", O_RDONLY | O_DIRECTORY), nothing, nothing});
  ASSERT_TRUE(handed);
  const int in = handed->streams().in;
  ASSERT_TRUE(is_pipe(in));
  drive([](Handed& self) -> io::Task<void> {
    co_await self.loop.yield();
    self.loop.stop();
  }(*this));
  char octet = 0;
  EXPECT_EQ(::read(in, &octet, 1), 0);
}

TEST_F(Handed, a_stream_that_is_closed_is_said) {
  EXPECT_EQ(HandedStreams::make(loop, {1000, 1, 2}).error().code, Code::Invalid);
}

}  // namespace
}  // namespace strongroom::workroom
