#include "domains/private-channel.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "srtp/key-vault.h"

namespace sallyport::domains {

namespace {

constexpr std::uint8_t kKey = 1;
constexpr std::uint8_t kDescriptor = 2;
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeadOctets = 4;
constexpr std::size_t kNameOctets = 16;
constexpr std::size_t kMaxKeyOctets = 46;
constexpr std::size_t kMaxRecordOctets = kHeadOctets + kNameOctets + kMaxKeyOctets;
/// Descriptors that wait to be taken.
constexpr std::size_t kMaxDescriptors = 16;

/// A record on the stack, wiped when it goes.
struct Record {
  std::array<std::uint8_t, kMaxRecordOctets + 1> octets{};
  std::size_t size = 0;

  ~Record() { OPENSSL_cleanse(octets.data(), octets.size()); }
};

std::uint8_t digitOf(char hex) {
  return static_cast<std::uint8_t>(hex <= '9' ? hex - '0' : hex - 'a' + 10);
}

std::string toHex(std::span<const std::uint8_t> octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : octets) {
    text.push_back(digits[octet >> 4]);
    text.push_back(digits[octet & 0x0f]);
  }
  return text;
}

/// Room for one descriptor beside a record.
union Rights {
  cmsghdr head;
  std::array<char, CMSG_SPACE(sizeof(int))> octets;
};

std::optional<SendFailure> send(int socket, Record& record, const int* descriptor) {
  iovec part{record.octets.data(), record.size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  Rights rights{};
  if (descriptor != nullptr) {
    message.msg_control = &rights;
    message.msg_controllen = sizeof rights;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), descriptor, sizeof(int));
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return std::nullopt;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == ENOBUFS ? SendFailure::full : SendFailure::closed;
  }
}

/// The descriptor that came with a record; further ones are closed.
std::optional<int> descriptorIn(msghdr& message) {
  std::optional<int> found;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor;
      std::memcpy(&descriptor, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
      if (found) {
        ::close(descriptor);
      } else {
        found = descriptor;
      }
    }
  }
  return found;
}

bool keepKey(const Record& record) {
  const auto octets = std::span(record.octets).first(record.size);
  if (octets.size() < kHeadOctets + kNameOctets || octets[2] >= srtp::kSuites.size()) return false;
  const auto keyAndSalt = octets.subspan(kHeadOctets + kNameOctets);
  if (octets[3] != keyAndSalt.size()) return false;
  auto key = srtp::MasterKey::copyOf(srtp::kSuites[octets[2]].suite, keyAndSalt);
  return key.ok() && srtp::KeyVault::ofProcess().keep(
                         toHex(octets.subspan(kHeadOctets, kNameOctets)), std::move(key).value());
}

}  // namespace

PrivateChannel::PrivateChannel(int descriptor, ChannelRole role, int exitAfterMs)
    : descriptor_(descriptor), wake_(::eventfd(0, EFD_CLOEXEC)) {
  ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
  if (role == ChannelRole::receiver) {
    listener_ = std::thread([this, exitAfterMs] { listen(exitAfterMs); });
    return;
  }
  // As many keys as may wait while the other process is busy; less where the system's limit is.
  constexpr int wanted = 4 << 20;
  if (::setsockopt(descriptor_, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) != 0) {
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
  }
}

PrivateChannel::~PrivateChannel() { close(); }

Result<std::string, SendFailure> PrivateChannel::sendKey(const srtp::MasterKey& key) {
  const auto name = srtp::KeyVault::newName();
  if (!name) return SendFailure::randomSourceFailed;
  Record record;
  const auto keyAndSalt = key.reveal();
  record.octets[0] = kKey;
  record.octets[1] = kVersion;
  record.octets[2] = static_cast<std::uint8_t>(key.suite());
  record.octets[3] = static_cast<std::uint8_t>(keyAndSalt.size());
  for (std::size_t i = 0; i < kNameOctets; ++i) {
    record.octets[kHeadOctets + i] =
        static_cast<std::uint8_t>(digitOf((*name)[2 * i]) << 4 | digitOf((*name)[2 * i + 1]));
  }
  std::ranges::copy(keyAndSalt, record.octets.begin() + kHeadOctets + kNameOctets);
  record.size = kHeadOctets + kNameOctets + keyAndSalt.size();
  const std::lock_guard lock(mutex_);
  if (isClosed_) return SendFailure::closed;
  if (const auto failure = send(descriptor_, record, nullptr)) return *failure;
  return *name;
}

std::optional<SendFailure> PrivateChannel::sendDescriptor(int descriptor) {
  Record record;
  record.octets[0] = kDescriptor;
  record.octets[1] = kVersion;
  record.size = 2;
  const std::lock_guard lock(mutex_);
  if (isClosed_) return SendFailure::closed;
  return send(descriptor_, record, &descriptor);
}

void PrivateChannel::drain() {
  const std::lock_guard lock(mutex_);
  while (!isClosed_ && receiveOne()) {
  }
}

std::optional<int> PrivateChannel::takeDescriptor() {
  const std::lock_guard lock(mutex_);
  if (descriptors_.empty()) return std::nullopt;
  const int descriptor = descriptors_.front();
  descriptors_.pop_front();
  return descriptor;
}

std::uint64_t PrivateChannel::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

void PrivateChannel::close() {
  {
    const std::lock_guard lock(mutex_);
    if (isClosed_) return;
    isClosed_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  }
  if (listener_.joinable()) listener_.join();
  const std::lock_guard lock(mutex_);
  ::close(descriptor_);
  ::close(wake_);
  for (const int descriptor : descriptors_) ::close(descriptor);
  descriptors_.clear();
}

/// Waits for records, and for the end.
void PrivateChannel::listen(int exitAfterMs) {
  for (;;) {
    std::array<pollfd, 2> watched{{{descriptor_, POLLIN, 0}, {wake_, POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
    if (watched[1].revents != 0) return;
    drain();
    const std::lock_guard lock(mutex_);
    if (isEnded_) break;
  }
  if (exitAfterMs < 0) return;
  pollfd closed{wake_, POLLIN, 0};
  if (::poll(&closed, 1, exitAfterMs) == 0) ::_exit(70);
}

/// False when no record is waiting. With the mutex.
bool PrivateChannel::receiveOne() {
  Record record;
  iovec part{record.octets.data(), record.octets.size()};
  Rights rights{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &rights;
  message.msg_controllen = sizeof rights;
  const ssize_t size = ::recvmsg(descriptor_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size <= 0) {
    // No record of ours is empty: this is the end.
    if (size == 0 || (errno != EAGAIN && errno != EINTR)) isEnded_ = true;
    return size < 0 && errno == EINTR;
  }
  record.size = static_cast<std::size_t>(size);
  const std::optional<int> descriptor = descriptorIn(message);
  const bool isWhole =
      record.size >= 2 && record.octets[1] == kVersion && (message.msg_flags & MSG_TRUNC) == 0;
  bool isTaken = false;
  if (isWhole && record.octets[0] == kKey && !descriptor) {
    isTaken = keepKey(record);
  } else if (isWhole && record.octets[0] == kDescriptor && descriptor &&
             descriptors_.size() < kMaxDescriptors) {
    descriptors_.push_back(*descriptor);
    return true;
  }
  if (descriptor) ::close(*descriptor);
  if (!isTaken) ++refused_;
  return true;
}

}  // namespace sallyport::domains
