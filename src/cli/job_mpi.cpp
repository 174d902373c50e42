// SPDX-License-Identifier: Apache-2.0
//
// The ranks of an MPI job.

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "job.hpp"

namespace ballast::cli {
namespace {

// MPI's own waiting keeps a core busy, which here would be taken from those who count.
constexpr useconds_t nap = 500;

int length_of(const std::string& text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) throw std::runtime_error("a message of over 2 GB");
  return static_cast<int>(text.size());
}

// MPI ends the job itself where one of its calls fails.
class MpiProcessGroup : public run::ProcessGroup {
 public:
  MpiProcessGroup() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }
  ~MpiProcessGroup() override {
    MPI_Request all_here;
    MPI_Ibarrier(MPI_COMM_WORLD, &all_here);
    wait_for(all_here);
    MPI_Finalize();
  }
  MpiProcessGroup(const MpiProcessGroup&) = delete;
  MpiProcessGroup& operator=(const MpiProcessGroup&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void send(int to, int tag, const std::string& message) override {
    MPI_Request sent;
    MPI_Isend(message.data(), length_of(message), MPI_BYTE, to, tag, MPI_COMM_WORLD, &sent);
    wait_for(sent);
  }

  std::string receive(int from, int tag) override {
    for (;;) {
      if (auto message = look(from, tag)) return std::move(message->text);
      usleep(nap);
    }
  }

  std::optional<Message> try_receive(int tag) override { return look(MPI_ANY_SOURCE, tag); }

  void all_sum(std::span<std::uint64_t> counts) override {
    MPI_Request added;
    MPI_Iallreduce(MPI_IN_PLACE, counts.data(), static_cast<int>(counts.size()), MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD, &added);
    wait_for(added);
  }

  std::vector<std::string> all_gather(const std::string& mine) override {
    std::vector<std::uint64_t> lengths(static_cast<std::size_t>(size_));
    lengths[static_cast<std::size_t>(rank_)] = static_cast<std::uint64_t>(length_of(mine));
    all_sum(lengths);
    std::vector<std::string> all;
    for (int rank = 0; rank < size_; ++rank) {
      std::string text = rank == rank_ ? mine : std::string(lengths[static_cast<std::size_t>(rank)], ' ');
      MPI_Request told;
      MPI_Ibcast(text.data(), static_cast<int>(text.size()), MPI_BYTE, rank, MPI_COMM_WORLD, &told);
      wait_for(told);
      all.push_back(std::move(text));
    }
    return all;
  }

 private:
  static std::optional<Message> look(int from, int tag) {
    int there = 0;
    MPI_Message arriving;
    MPI_Status status;
    MPI_Improbe(from, tag, MPI_COMM_WORLD, &there, &arriving, &status);
    if (!there) return {};
    int length = 0;
    MPI_Get_count(&status, MPI_BYTE, &length);
    Message message{status.MPI_SOURCE, std::string(static_cast<std::size_t>(length), ' ')};
    MPI_Mrecv(message.text.data(), length, MPI_BYTE, &arriving, MPI_STATUS_IGNORE);
    return message;
  }

  static void wait_for(MPI_Request& request) {
    for (int done = 0;;) {
      MPI_Test(&request, &done, MPI_STATUS_IGNORE);
      if (done) return;
      usleep(nap);
    }
  }

  int rank_ = 0, size_ = 1;
};

bool started_by_mpi() {
  constexpr std::array names{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
  return std::any_of(names.begin(), names.end(), [](const char* name) { return std::getenv(name) != nullptr; });
}

}  // namespace

std::unique_ptr<run::ProcessGroup> join_mpi() {
  if (!started_by_mpi()) return {};
  int threads = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &threads);
  auto group = std::make_unique<MpiProcessGroup>();
  if (threads < MPI_THREAD_MULTIPLE) throw std::runtime_error("this MPI cannot be called by several threads (MPI_THREAD_MULTIPLE)");
  return group;
}

void abort_mpi(int status) {
  MPI_Abort(MPI_COMM_WORLD, status);
  std::_Exit(status);
}

}  // namespace ballast::cli
