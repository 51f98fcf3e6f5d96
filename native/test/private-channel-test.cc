// Keys and descriptors between processes: what is agreed arrives, and nothing else does any harm.
#include "domains/private-channel.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "domains/socket-pair.h"
#include "srtp/key-vault.h"
#include "test/story.h"

namespace sallyport::domains {

namespace {

using srtp::KeyVault;
using srtp::MasterKey;
using srtp::Suite;
using test::expect;
using test::Story;

/// Two ends, the second of which nobody owns yet.
std::array<int, 2> somePair(PairKind kind = PairKind::records) {
  auto pair = createSocketPair(kind);
  expect(pair.ok());
  return pair.value();
}

MasterKey someKey(Suite suite) { return std::move(MasterKey::generate(suite)).value(); }

/// Sends octets as they are, with so many copies of a descriptor beside them.
bool sendRaw(int socket, const std::vector<std::uint8_t>& octets, std::size_t descriptors = 0) {
  std::vector<std::uint8_t> copy = octets;
  iovec part{copy.data(), copy.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(8 * sizeof(int))> control{};
  if (descriptors > 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
    for (std::size_t i = 0; i < descriptors; ++i) {
      std::memcpy(CMSG_DATA(head) + i * sizeof(int), &socket, sizeof socket);
    }
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size());
}

/// Descriptors of this process that are open.
std::size_t openDescriptors() {
  std::size_t count = 0;
  for (int descriptor = 0; descriptor < 256; ++descriptor) {
    count += ::fcntl(descriptor, F_GETFD) >= 0 ? 1 : 0;
  }
  return count;
}

/// A key record with all that belongs to it.
std::vector<std::uint8_t> keyRecord(std::uint8_t suite, std::uint8_t length, std::size_t octets) {
  std::vector<std::uint8_t> record{1, 1, suite, length};
  record.resize(4 + 16 + octets, 0x5a);
  return record;
}

const Story keysOfEverySuite("a key of every suite arrives under its name, once", [] {
  const auto pair = somePair();
  PrivateChannel sender(pair[0], ChannelRole::sender, -1);
  PrivateChannel receiver(pair[1], ChannelRole::receiver, -1);
  for (const auto& parameters : srtp::kSuites) {
    const MasterKey key = someKey(parameters.suite);
    const auto name = sender.sendKey(key);
    expect(name.ok() && name.value().size() == 32);
    receiver.drain();
    const auto claimed = KeyVault::ofProcess().claim(name.value());
    expect(claimed.has_value() && claimed->suite() == parameters.suite &&
           std::ranges::equal(claimed->reveal(), key.reveal()));
    expect(!KeyVault::ofProcess().claim(name.value()));
  }
  expect(receiver.refused() == 0);
});

const Story malformed(
    "a record that is none as agreed is dropped and counted, and the next is taken", [] {
      const auto pair = somePair();
      PrivateChannel receiver(pair[1], ChannelRole::receiver, -1);
      const std::size_t before = KeyVault::ofProcess().size();
      const std::size_t openBefore = openDescriptors();
      const std::vector<std::vector<std::uint8_t>> records{
          {1},                                  // no version
          {0, 1},                               // no kind of ours
          {3, 1},                               //
          {255, 255},                           //
          {1, 1},                               // a key that ends after its head
          {1, 1, 0, 30},                        //
          {2, 1},                               // a descriptor without one
          {2, 1, 0},                            //
          keyRecord(0, 30, 29),                 // an octet too few
          keyRecord(0, 29, 29),                 // as it says, but not what the suite needs
          keyRecord(0, 31, 31),                 //
          keyRecord(0, 30, 0),                  //
          keyRecord(200, 30, 30),               // no suite
          keyRecord(0, 30, 46),                 // more than it says
          keyRecord(0, 30, 47),                 // longer than any
          std::vector<std::uint8_t>(65536, 1),  // much longer
      };
      for (const auto& record : records) expect(sendRaw(pair[0], record));
      auto wrongVersion = keyRecord(0, 30, 30);
      wrongVersion[1] = 2;
      expect(sendRaw(pair[0], wrongVersion));
      // A key beside which there is a descriptor, and descriptors beside nothing that we know.
      expect(sendRaw(pair[0], keyRecord(0, 30, 30), 1));
      expect(sendRaw(pair[0], {7, 1}, 3));
      expect(sendRaw(pair[0], {2, 9}, 1));
      receiver.drain();
      expect(receiver.refused() == records.size() + 4);
      expect(KeyVault::ofProcess().size() == before);
      expect(!receiver.takeDescriptor());
      expect(openDescriptors() == openBefore);
      expect(sendRaw(pair[0], keyRecord(0, 30, 30)));
      receiver.drain();
      expect(KeyVault::ofProcess().claim("5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a").has_value());
      ::close(pair[0]);
    });

const Story repeatedName("a name that is taken is not given again", [] {
  const auto pair = somePair();
  PrivateChannel receiver(pair[1], ChannelRole::receiver, -1);
  auto first = keyRecord(0, 30, 30);
  first[20] = 1;
  auto second = keyRecord(0, 30, 30);
  second[20] = 2;
  expect(sendRaw(pair[0], first) && sendRaw(pair[0], second));
  receiver.drain();
  expect(receiver.refused() == 1);
  const auto kept = KeyVault::ofProcess().claim("5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
  expect(kept.has_value() && kept->reveal()[0] == 1);
  ::close(pair[0]);
});

const Story anyOctets("whatever octets come, none is taken for a key and nothing breaks", [] {
  const auto pair = somePair();
  PrivateChannel receiver(pair[1], ChannelRole::receiver, -1);
  const std::size_t before = KeyVault::ofProcess().size();
  std::mt19937 random(20261124);
  std::uint64_t sent = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> record(1 + random() % 80);
    for (auto& octet : record) octet = static_cast<std::uint8_t>(random());
    // Often with the right beginning, never with a length that fits: so none may be taken.
    if (round % 2 == 0 && record.size() > 4) {
      record[0] = 1;
      record[1] = 1;
      record[2] = static_cast<std::uint8_t>(record[2] % 10);
      record[3] = static_cast<std::uint8_t>(record.size() - 19);
    } else {
      record[1 % record.size()] = 0;
    }
    expect(sendRaw(pair[0], record));
    sent++;
    if (round % 16 == 0) receiver.drain();
  }
  receiver.drain();
  expect(receiver.refused() == sent);
  expect(KeyVault::ofProcess().size() == before);
  ::close(pair[0]);
});

const Story descriptors("descriptors arrive in order, at most as many as may wait", [] {
  const auto pair = somePair();
  PrivateChannel sender(pair[0], ChannelRole::sender, -1);
  PrivateChannel receiver(pair[1], ChannelRole::receiver, -1);
  const std::size_t openBefore = openDescriptors();
  const auto pipes = somePair(PairKind::stream);
  for (int count = 0; count < 20; ++count) expect(!sender.sendDescriptor(pipes[1]));
  receiver.drain();
  expect(receiver.refused() == 4);
  expect(openDescriptors() == openBefore + 2 + 16);
  const auto first = receiver.takeDescriptor();
  expect(first.has_value() && *first > 2);
  if (first) {
    expect((::fcntl(*first, F_GETFD) & FD_CLOEXEC) != 0);
    expect(::write(*first, "x", 1) == 1);
    char octet = 0;
    expect(::read(pipes[0], &octet, 1) == 1 && octet == 'x');
    ::close(*first);
  }
  receiver.close();
  expect(!receiver.takeDescriptor());
  for (const int end : pipes) ::close(end);
  // What was never taken is closed with the channel, and its own end, too.
  expect(openDescriptors() == openBefore - 2);
});

const Story surplus("of several descriptors beside one record the rest is closed", [] {
  const auto pair = somePair();
  PrivateChannel receiver(pair[1], ChannelRole::receiver, -1);
  const std::size_t openBefore = openDescriptors();
  expect(sendRaw(pair[0], {2, 1}, 1));
  expect(sendRaw(pair[0], {2, 1}, 5));
  receiver.drain();
  std::size_t taken = 0;
  for (auto one = receiver.takeDescriptor(); one; one = receiver.takeDescriptor()) {
    ::close(*one);
    taken++;
  }
  expect(taken >= 1 && taken <= 2);
  expect(openDescriptors() == openBefore);
  ::close(pair[0]);
});

const Story closedPeer("with the other end gone sending fails, and what came before it is there",
                       [] {
                         const auto pair = somePair();
                         PrivateChannel sender(pair[0], ChannelRole::sender, -1);
                         const MasterKey key = someKey(Suite::aesCm128HmacSha1Tag80);
                         {
                           PrivateChannel receiver(pair[1], ChannelRole::receiver, -1);
                           const auto name = sender.sendKey(key);
                           receiver.drain();
                           expect(name.ok() &&
                                  KeyVault::ofProcess().claim(name.value()).has_value());
                         }
                         const auto late = sender.sendKey(key);
                         expect(!late.ok() && late.failure() == SendFailure::closed);
                         expect(sender.sendDescriptor(0) == SendFailure::closed);
                         sender.close();
                         sender.close();
                         const auto afterwards = sender.sendKey(key);
                         expect(!afterwards.ok() && afterwards.failure() == SendFailure::closed);
                       });

const Story lastWords("keys sent just before the sender ends are not lost", [] {
  const auto pair = somePair();
  PrivateChannel receiver(pair[1], ChannelRole::receiver, -1);
  std::vector<std::string> names;
  {
    PrivateChannel sender(pair[0], ChannelRole::sender, -1);
    for (int count = 0; count < 50; ++count) {
      auto name = sender.sendKey(someKey(Suite::aesCm128HmacSha1Tag80));
      expect(name.ok());
      names.push_back(name.value());
    }
  }
  receiver.drain();
  for (const auto& name : names) expect(KeyVault::ofProcess().claim(name).has_value());
});

const Story fullQueue("where the other end does not read sending fails and does not wait", [] {
  const auto pair = somePair();
  PrivateChannel sender(pair[0], ChannelRole::sender, -1);
  const MasterKey key = someKey(Suite::aesCm128HmacSha1Tag80);
  bool isFull = false;
  for (int count = 0; count < 1'000'000 && !isFull; ++count) {
    const auto sent = sender.sendKey(key);
    isFull = !sent.ok();
    if (isFull) expect(sent.failure() == SendFailure::full);
  }
  expect(isFull);
  ::close(pair[1]);
});

const Story byThread("the thread of the receiver takes in what nobody asks for", [] {
  const auto pair = somePair();
  PrivateChannel sender(pair[0], ChannelRole::sender, -1);
  PrivateChannel receiver(pair[1], ChannelRole::receiver, -1);
  const auto name = sender.sendKey(someKey(Suite::aeadAes256Gcm));
  bool isClaimed = false;
  for (int tries = 0; tries < 1000 && !isClaimed; ++tries) {
    isClaimed = KeyVault::ofProcess().claim(name.value()).has_value();
    if (!isClaimed) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  expect(isClaimed);
});

/// How a process ends that holds a receiving end and whose sender is closed.
int endOfReceiver(int exitAfterMs, bool closesFirst) {
  const auto pair = somePair();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pair[0]);
    PrivateChannel receiver(pair[1], ChannelRole::receiver, exitAfterMs);
    if (closesFirst) receiver.close();
    std::this_thread::sleep_for(
        std::chrono::milliseconds(exitAfterMs < 0 || closesFirst ? 300 : 20'000));
    // Its thread is not left running at the end.
    if (!closesFirst) receiver.close();
    ::_exit(3);
  }
  ::close(pair[1]);
  ::close(pair[0]);
  int status = 0;
  expect(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const Story endsAlone("a process whose toolbox is gone ends, whatever its own code does", [] {
  expect(endOfReceiver(50, false) == 70);
  expect(endOfReceiver(-1, false) == 3);
  expect(endOfReceiver(50, true) == 3);
});

const Story socketPairs("socket pairs are closed on exec and keep records whole, or do not", [] {
  for (const PairKind kind : {PairKind::stream, PairKind::records}) {
    const auto pair = somePair(kind);
    for (const int end : pair) expect((::fcntl(end, F_GETFD) & FD_CLOEXEC) != 0);
    expect(::write(pair[0], "ab", 2) == 2 && ::write(pair[0], "cd", 2) == 2);
    std::array<char, 8> octets{};
    expect(::read(pair[1], octets.data(), octets.size()) == (kind == PairKind::stream ? 4 : 2));
    for (const int end : pair) ::close(end);
  }
});

const Story noDescriptorsLeft("without descriptors a pair is refused with the system's reason", [] {
  rlimit usual{};
  expect(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const rlimit none{0, usual.rlim_max};
  expect(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto pair = createSocketPair(PairKind::stream);
  expect(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  expect(!pair.ok() && pair.failure().code == EMFILE);
});

}  // namespace

}  // namespace sallyport::domains
