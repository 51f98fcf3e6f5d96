#pragma once

#include <sys/select.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "net/epoll-poller.h"
#include "net/media-worker.h"
#include "test/loopback-sockets.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::net {

/// A worker, its replies in the order in which they came, and its events.
class WorkerBench {
 public:
  explicit WorkerBench(std::unique_ptr<Poller> poller = EpollPoller::open())
      : worker_(std::move(poller), [this](Message message) { take(std::move(message)); }) {}

  template <typename Body>
  Reply ask(Body body) {
    worker_.post({++request_, std::move(body)});
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !replies_.empty(); });
    const Reply reply = replies_.front();
    replies_.pop_front();
    return reply;
  }

  RelayStatistics statistics(RelayId relay) {
    return std::get<RelayStatistics>(ask(ReadStatistics{relay}).body);
  }

  std::vector<media::RelayEvent::Kind> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  void take(Message message) {
    const std::lock_guard lock(mutex_);
    if (const auto* event = std::get_if<Event>(&message)) {
      events_.push_back(event->event.kind);
      return;
    }
    replies_.push_back(std::get<Reply>(message));
    changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Reply> replies_;
  std::vector<media::RelayEvent::Kind> events_;
  std::uint32_t request_ = 0;
  MediaWorker worker_;
};

inline UdpSocket somePhone() { return std::move(test::someSockets().rtp); }

inline void send(const UdpSocket& from, const media::Bytes& packet,
                 const media::TransportAddress& to) {
  sockaddr_storage address{};
  const socklen_t octets = to.toSocketAddress(address);
  test::expect(::sendto(from.descriptor(), packet.data(), packet.size(), 0,
                        reinterpret_cast<const sockaddr*>(&address),
                        octets) == static_cast<ssize_t>(packet.size()));
}

/// What `phone` gets next; empty after a second of silence.
inline media::Bytes receive(const UdpSocket& phone) {
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(phone.descriptor(), &readable);
  timeval patience{.tv_sec = 1, .tv_usec = 0};
  media::Bytes packet(2048);
  if (::select(phone.descriptor() + 1, &readable, nullptr, nullptr, &patience) != 1) return {};
  const ssize_t count = ::recv(phone.descriptor(), packet.data(), packet.size(), 0);
  packet.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return packet;
}

}  // namespace sallyport::net
