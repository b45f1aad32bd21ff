// What every kernel needs: its inputs as arrays of float, room for its outputs, threads over scans. TensorFlow's C interface
// for kernels underneath, which stays compatible between its versions.

#pragma once

#include <cstdint>
#include <thread>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

namespace sequela {

using Shape = std::vector<int64_t>;

/** Threads that one operation may use; set once, before the first operation runs. */
inline int threads = 1;

/** A loop is compiled for several kinds of processors, and the best that the machine has is taken when the library loads. */
#if defined(__x86_64__) && defined(__gnu_linux__)
#define SEQUELA_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SEQUELA_VECTORISED
#endif

/** One execution of an operation. Tensors are given back when it goes out of scope. */
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    for (TF_Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }

  int inputs() const { return TF_NumInputs(context_); }

  TF_Tensor* input(int index) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    return keep(tensor);
  }

  /** Room for an output; null, and the operation has failed, where there is none. */
  float* output(int index, const Shape& shape) {
    int64_t length = 1;
    for (int64_t size : shape) length *= size;
    TF_Tensor* tensor = keep(TF_AllocateOutput(context_, index, TF_FLOAT, shape.data(), static_cast<int>(shape.size()),
                                               static_cast<size_t>(length) * sizeof(float), status_));
    return tensor == nullptr ? nullptr : static_cast<float*>(TF_TensorData(tensor));
  }

  /** Ends the operation with words for whoever reads the error; always false. */
  bool fail(const char* message) {
    TF_SetStatus(status_, TF_INVALID_ARGUMENT, message);
    TF_OpKernelContext_Failure(context_, status_);
    return false;
  }

 private:
  TF_Tensor* keep(TF_Tensor* tensor) {
    if (TF_GetCode(status_) != TF_OK) {
      TF_OpKernelContext_Failure(context_, status_);
      return nullptr;
    }
    tensors_.push_back(tensor);
    return tensor;
  }

  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> tensors_;
};

inline const float* values(TF_Tensor* tensor) { return static_cast<const float*>(TF_TensorData(tensor)); }

inline Shape shapeOf(TF_Tensor* tensor) {
  Shape shape;
  for (int axis = 0; axis < TF_NumDims(tensor); axis++) shape.push_back(TF_Dim(tensor, axis));
  return shape;
}

/**
 * Calls `work(i)` for every i below `count`, by several threads where the work is worth starting them: what a call writes must
 * be its own, so that the number of threads does not change a result.
 * @param elements numbers that all calls read together
 */
template <typename Work>
void forEach(int64_t count, int64_t elements, Work work) {
  const int64_t wanted = elements < (1 << 20) ? 1 : std::min<int64_t>(threads, count);
  std::vector<std::thread> others;
  for (int64_t thread = 1; thread < wanted; thread++) {
    others.emplace_back([=] {
      for (int64_t i = thread; i < count; i += wanted) work(i);
    });
  }
  for (int64_t i = 0; i < count; i += wanted) work(i);
  for (std::thread& other : others) other.join();
}

/** What TensorFlow is told of an operation; `compute` runs it. Attributes are read once, by `create`. */
struct Operation {
  const char* name;
  std::vector<const char*> inputs;
  std::vector<const char*> outputs;
  std::vector<const char*> attributes;
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*destroy)(void*);
};

std::vector<Operation> groupNormOperations();
std::vector<Operation> poolingOperations();
std::vector<Operation> gruOperations();
std::vector<Operation> maxPoolOperations();

}  // namespace sequela
