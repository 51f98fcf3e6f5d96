#include "net/epoll-poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sallyport::net {

std::unique_ptr<EpollPoller> EpollPoller::open() {
  FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  FileDescriptor wakeUp(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (epoll.get() < 0 || wakeUp.get() < 0) return nullptr;

  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakeUp.get(), &event) != 0) return nullptr;
  return std::unique_ptr<EpollPoller>(new EpollPoller(std::move(epoll), std::move(wakeUp)));
}

EpollPoller::EpollPoller(FileDescriptor epoll, FileDescriptor wakeUp)
    : epoll_(std::move(epoll)), wakeUp_(std::move(wakeUp)) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    slots_[i].vector.iov_base = slots_[i].octets.data();
    headers_[i].msg_hdr.msg_iov = &slots_[i].vector;
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &slots_[i].address;
    batch_[i].room = slots_[i].octets;
  }
}

bool EpollPoller::add(Endpoint& endpoint) noexcept {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &endpoint;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, endpoint.socket.descriptor(), &event) == 0;
}

void EpollPoller::remove(Endpoint& endpoint) noexcept {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, endpoint.socket.descriptor(), nullptr);
}

bool EpollPoller::run(DatagramHandler& handler,
                      std::optional<std::chrono::milliseconds> longestSleep) noexcept {
  const int timeoutMs = longestSleep ? static_cast<int>(longestSleep->count()) : -1;
  const int count =
      ::epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()), timeoutMs);
  bool isWoken = false;
  std::size_t filled = 0;
  for (int i = 0; i < count; ++i) {
    auto* endpoint = static_cast<Endpoint*>(ready_[static_cast<std::size_t>(i)].data.ptr);
    if (endpoint == nullptr) {
      std::uint64_t times = 0;
      isWoken = ::read(wakeUp_.get(), &times, sizeof times) == sizeof times;
      continue;
    }
    if (filled == kBatch) {
      carry(handler, filled);
      filled = 0;
    }
    filled += receive(*endpoint, filled);
  }
  carry(handler, filled);
  return isWoken;
}

void EpollPoller::wake() noexcept {
  const std::uint64_t once = 1;
  // Fails only when 2^64 - 1 wake-ups are pending: then the worker wakes anyway.
  static_cast<void>(::write(wakeUp_.get(), &once, sizeof once) == sizeof once);
}

std::size_t EpollPoller::receive(Endpoint& endpoint, std::size_t filled) noexcept {
  const std::size_t free = std::min(kPerSocket, kBatch - filled);
  for (std::size_t i = filled; i < filled + free; ++i) {
    slots_[i].vector.iov_len = kReceiveOctets;
    headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  }
  // MSG_TRUNC: msg_len is then the length on the wire.
  const int count = ::recvmmsg(endpoint.socket.descriptor(), &headers_[filled],
                               static_cast<unsigned>(free), MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (count <= 0) return 0;

  for (std::size_t i = filled; i < filled + static_cast<std::size_t>(count); ++i) {
    Datagram& datagram = batch_[i];
    datagram.receivedOn = &endpoint;
    datagram.length = headers_[i].msg_len;
    datagram.isTruncated = (headers_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    datagram.from = media::TransportAddress::fromSocketAddress(slots_[i].address)
                        .value_or(endpoint.socket.local());
    datagram.sendOn = nullptr;
  }
  return static_cast<std::size_t>(count);
}

void EpollPoller::carry(DatagramHandler& handler, std::size_t filled) noexcept {
  if (filled == 0) return;
  const std::span<Datagram> batch(batch_.data(), filled);
  handler.onDatagrams(batch);

  // One sendmmsg serves one socket: packets that follow each other on the same one share a call.
  auto first = batch.begin();
  while (first != batch.end()) {
    const auto last = std::find_if(first, batch.end(), [&](const Datagram& datagram) {
      return datagram.sendOn != first->sendOn;
    });
    if (first->sendOn != nullptr) send(handler, std::span<Datagram>(first, last));
    first = last;
  }
}

void EpollPoller::send(DatagramHandler& handler, std::span<Datagram> run) noexcept {
  const auto offset = static_cast<std::size_t>(run.data() - batch_.data());
  for (std::size_t i = 0; i < run.size(); ++i) {
    Slot& slot = slots_[offset + i];
    slot.vector.iov_len = run[i].sendLength;
    headers_[offset + i].msg_hdr.msg_namelen = run[i].to.toSocketAddress(slot.address);
  }

  std::size_t done = 0;
  while (done < run.size()) {
    const int count = ::sendmmsg(run[0].sendOn->socket.descriptor(), &headers_[offset + done],
                                 static_cast<unsigned>(run.size() - done), MSG_DONTWAIT);
    if (count > 0) {
      for (int i = 0; i < count; ++i) handler.onSendResult(run[done++], 0);
    } else if (errno != EINTR) {
      const int error = errno;
      handler.onSendResult(run[done++], error);
    }
  }
}

}  // namespace sallyport::net
