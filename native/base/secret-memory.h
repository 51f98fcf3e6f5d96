#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace sallyport {

/// Memory for key bytes: pages of their own that are locked as far as the system's limit goes and
/// left out of core dumps. Thread-safe. Lives as long as any key does: an addon that is unloaded
/// leaves nothing behind, and a process that ends with keys in use ends with their memory in place.
class SecretMemory {
 public:
  /// What is longer comes from the heap.
  static constexpr std::size_t kSlotOctets = 64;

  static SecretMemory& ofProcess() {
    static Owner owner;  // statics that hold keys ask for it first, so that it is the last to go
    return *owner.memory;
  }

  /// `size` zeros.
  std::uint8_t* take(std::size_t size) {
    if (size > kSlotOctets) return new std::uint8_t[size]();
    const std::lock_guard lock(mutex_);
    if (free_.empty()) addBlock();
    std::uint8_t* slot = free_.back();
    free_.pop_back();
    return slot;
  }

  /// Takes back what `take` gave for this size, which the caller has wiped.
  void giveBack(std::uint8_t* octets, std::size_t size) noexcept {
    if (size > kSlotOctets) {
      delete[] octets;
      return;
    }
    const std::lock_guard lock(mutex_);
    free_.push_back(octets);  // has room: addBlock reserved it
  }

  /// Octets in pages of their own, and how many of them are locked.
  std::size_t octets() const noexcept { return octets_; }
  std::size_t lockedOctets() const noexcept { return lockedOctets_; }

 private:
  static constexpr std::size_t kBlockOctets = 65536;

  struct Owner {
    SecretMemory* const memory;
    Owner() : memory(new SecretMemory) {}
    ~Owner() {
      if (memory->isUnused()) delete memory;
    }
  };

  SecretMemory() = default;
  ~SecretMemory() {
    for (void* block : blocks_) ::munmap(block, kBlockOctets);
  }

  bool isUnused() {
    const std::lock_guard lock(mutex_);
    return free_.size() == slots_;
  }

  void addBlock() {
    void* block =
        ::mmap(nullptr, kBlockOctets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) std::abort();  // as without memory elsewhere
    ::madvise(block, kBlockOctets, MADV_DONTDUMP);
    blocks_.push_back(block);
    octets_ += kBlockOctets;
    if (::mlock(block, kBlockOctets) == 0) lockedOctets_ += kBlockOctets;
    constexpr std::size_t slots = kBlockOctets / kSlotOctets;
    slots_ += slots;
    free_.reserve(slots_);
    for (std::size_t i = slots; i > 0; --i) {
      free_.push_back(static_cast<std::uint8_t*>(block) + (i - 1) * kSlotOctets);
    }
  }

  std::mutex mutex_;
  std::vector<void*> blocks_;
  std::vector<std::uint8_t*> free_;
  std::size_t slots_ = 0;
  std::atomic<std::size_t> octets_ = 0;
  std::atomic<std::size_t> lockedOctets_ = 0;
};

}  // namespace sallyport
