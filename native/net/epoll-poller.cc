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
  ++wakeUps_;
  isBehind_ = count == static_cast<int>(ready_.size());
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
  // What is left over is told of again, so nobody asks until there is nothing. Who is ready at two
  // wake-ups in a row, or while more sockets are ready than one wake-up looks at, may have several
  // datagrams: the next call asks for twice as many, until one brings fewer than it asked for.
  EndpointState& state = endpoint.poller;
  const bool mayHaveMore = isBehind_ || state.readyAt + 1 == wakeUps_;
  state.readyAt = wakeUps_;
  const std::size_t wanted = std::min<std::size_t>(state.expected, kBatch - filled);
  const std::size_t count =
      wanted == 1 ? receiveOne(endpoint, filled) : receiveMany(endpoint, filled, wanted);
  if (count < wanted) {
    state.expected = static_cast<std::uint16_t>(std::max<std::size_t>(count, 1));
  } else if (wanted > 1 || mayHaveMore) {
    state.expected = static_cast<std::uint16_t>(std::min(2 * wanted, kPerSocket));
  }
  return count;
}

std::size_t EpollPoller::receiveOne(Endpoint& endpoint, std::size_t filled) noexcept {
  Slot& slot = slots_[filled];
  socklen_t addressOctets = sizeof slot.address;
  // MSG_TRUNC: the result is the length on the wire.
  const ssize_t octets = ::recvfrom(endpoint.socket.descriptor(), slot.octets.data(),
                                    kReceiveOctets, MSG_DONTWAIT | MSG_TRUNC,
                                    reinterpret_cast<sockaddr*>(&slot.address), &addressOctets);
  if (octets < 0) return 0;
  take(endpoint, filled, static_cast<std::size_t>(octets));
  return 1;
}

std::size_t EpollPoller::receiveMany(Endpoint& endpoint, std::size_t filled,
                                     std::size_t wanted) noexcept {
  for (std::size_t i = filled; i < filled + wanted; ++i) {
    slots_[i].vector.iov_len = kReceiveOctets;
    headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  }
  const int count = ::recvmmsg(endpoint.socket.descriptor(), &headers_[filled],
                               static_cast<unsigned>(wanted), MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (count <= 0) return 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    take(endpoint, filled + i, headers_[filled + i].msg_len);
  }
  return static_cast<std::size_t>(count);
}

void EpollPoller::take(Endpoint& endpoint, std::size_t place, std::size_t octets) noexcept {
  Datagram& datagram = batch_[place];
  datagram.receivedOn = &endpoint;
  datagram.length = octets;
  datagram.isTruncated = octets > kReceiveOctets;
  datagram.from = media::TransportAddress::fromSocketAddress(slots_[place].address)
                      .value_or(endpoint.socket.local());
  datagram.sendOn = nullptr;
}

void EpollPoller::carry(DatagramHandler& handler, std::size_t filled) noexcept {
  if (filled == 0) return;
  const std::span<Datagram> batch(batch_.data(), filled);
  handler.onDatagrams(batch);

  // One call serves one socket: what leaves on the same one is gathered, in the order in which it
  // came.
  std::size_t senders = 0;
  for (std::size_t i = 0; i < filled; ++i) {
    if (batch[i].sendOn == nullptr) continue;
    EndpointState& state = batch[i].sendOn->poller;
    const auto place = static_cast<std::int16_t>(i);
    nextToSend_[i] = EndpointState::kNone;
    if (state.firstToSend == EndpointState::kNone) {
      state.firstToSend = place;
      senders_[senders++] = batch[i].sendOn;
    } else {
      nextToSend_[static_cast<std::size_t>(state.lastToSend)] = place;
    }
    state.lastToSend = place;
  }
  for (std::size_t i = 0; i < senders; ++i) send(handler, *senders_[i]);
}

void EpollPoller::send(DatagramHandler& handler, Endpoint& endpoint) noexcept {
  EndpointState& state = endpoint.poller;
  std::size_t count = 0;
  for (std::int16_t place = state.firstToSend; place != EndpointState::kNone;
       place = nextToSend_[static_cast<std::size_t>(place)]) {
    toSend_[count++] = static_cast<std::uint16_t>(place);
  }
  state.firstToSend = EndpointState::kNone;
  if (count == 1) {
    sendOne(handler, endpoint, toSend_[0]);
  } else {
    sendMany(handler, endpoint, {toSend_.data(), count});
  }
}

void EpollPoller::sendOne(DatagramHandler& handler, const Endpoint& endpoint,
                          std::size_t place) noexcept {
  Slot& slot = slots_[place];
  const Datagram& datagram = batch_[place];
  const socklen_t addressOctets = datagram.to.toSocketAddress(slot.address);
  ssize_t sent = -1;
  do {
    sent = ::sendto(endpoint.socket.descriptor(), slot.octets.data(), datagram.sendLength,
                    MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&slot.address), addressOctets);
  } while (sent < 0 && errno == EINTR);
  handler.onSendResult(datagram, sent < 0 ? errno : 0);
}

void EpollPoller::sendMany(DatagramHandler& handler, const Endpoint& endpoint,
                           std::span<const std::uint16_t> places) noexcept {
  for (std::size_t i = 0; i < places.size(); ++i) {
    Slot& slot = slots_[places[i]];
    const Datagram& datagram = batch_[places[i]];
    slot.vector.iov_len = datagram.sendLength;
    msghdr& header = outgoing_[i].msg_hdr;
    header.msg_iov = &slot.vector;
    header.msg_iovlen = 1;
    header.msg_name = &slot.address;
    header.msg_namelen = datagram.to.toSocketAddress(slot.address);
  }

  std::size_t done = 0;
  while (done < places.size()) {
    const int count = ::sendmmsg(endpoint.socket.descriptor(), &outgoing_[done],
                                 static_cast<unsigned>(places.size() - done), MSG_DONTWAIT);
    if (count > 0) {
      for (int i = 0; i < count; ++i) handler.onSendResult(batch_[places[done++]], 0);
    } else if (errno != EINTR) {
      const int error = errno;
      handler.onSendResult(batch_[places[done++]], error);
    }
  }
}

}  // namespace sallyport::net
