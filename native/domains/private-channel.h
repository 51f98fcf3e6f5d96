#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "srtp/master-key.h"

namespace sallyport::domains {

/// Keys and descriptors go one way: what comes to the sender is not read.
enum class ChannelRole : std::uint8_t { sender, receiver };

enum class SendFailure : std::uint8_t { closed, full, randomSourceFailed };

/// One end of a SOCK_SEQPACKET pair between two of our processes. What may not pass through
/// JavaScript goes here: keys, which the other end puts into the vault of its process, and
/// descriptors. Each record begins with its kind and the version of this layout:
///
///     key         1 1 suite length | 16 octets of slot name | key and salt
///     descriptor  2 1              | SCM_RIGHTS beside it
///
/// Members are thread-safe.
class PrivateChannel {
 public:
  /// Owns `descriptor`. `exitAfterMs` is for receivers: the process ends so long after the other
  /// end is gone, unless the channel is closed before; negative: never.
  PrivateChannel(int descriptor, ChannelRole role, int exitAfterMs);
  ~PrivateChannel();
  PrivateChannel(const PrivateChannel&) = delete;

  /// Sends a copy of `key` and gives the name that it has in the other process's vault: 32
  /// hexadecimal digits.
  Result<std::string, SendFailure> sendKey(const srtp::MasterKey& key);

  /// Sends a duplicate of `descriptor`; empty when it was sent.
  std::optional<SendFailure> sendDescriptor(int descriptor);

  /// Takes in what has come. A thread of ours does so all the time; this is for whoever heard by
  /// another way that something must be here.
  void drain();

  /// The oldest descriptor that came and was not taken; the caller closes it.
  std::optional<int> takeDescriptor();

  /// Records that were none as agreed; they are dropped.
  std::uint64_t refused() const;

  /// Safe to call twice.
  void close();

 private:
  void listen(int exitAfterMs);
  bool receiveOne();

  int descriptor_;
  int wake_;
  mutable std::mutex mutex_;
  bool isClosed_ = false;
  bool isEnded_ = false;
  std::deque<int> descriptors_;
  std::uint64_t refused_ = 0;
  std::thread listener_;
};

}  // namespace sallyport::domains
