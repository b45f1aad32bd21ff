// A gated recurrent unit over whole sequences (Cho et al. 2014, with the reset gate applied after the product, as PyTorch has
// it), from a state of zeros. Gates stand side by side: reset, update, candidate.

#include <algorithm>
#include <cmath>

#include "kernel.h"

namespace sequela {
namespace {

/** result += rows·matrix. @param rows [row, inner] @param matrix [inner, column] @param result [row, column] */
SEQUELA_VECTORISED
void addProduct(const float* rows, const float* matrix, int64_t count, int64_t inner, int64_t columns, float* __restrict result) {
  for (int64_t row = 0; row < count; row++, rows += inner, result += columns) {
    for (int64_t i = 0; i < inner; i++) {
      const float factor = rows[i];
      for (int64_t column = 0; column < columns; column++) result[column] += factor * matrix[i * columns + column];
    }
  }
}

/** result += leftᵀ·right. @param left [row, outer] @param right [row, column] @param result [outer, column] */
SEQUELA_VECTORISED
void addOuterProducts(const float* left, const float* right, int64_t rows, int64_t outer, int64_t columns, float* __restrict result) {
  for (int64_t row = 0; row < rows; row++, left += outer, right += columns) {
    for (int64_t i = 0; i < outer; i++) {
      const float factor = left[i];
      for (int64_t column = 0; column < columns; column++) result[i * columns + column] += factor * right[column];
    }
  }
}

float sigmoid(float value) { return 1 / (1 + std::exp(-value)); }

/**
 * Inputs [step, sequence, 3·hidden] (projected, with their bias), kernel [hidden, 3·hidden], bias [3·hidden]; outputs states
 * [step, sequence, hidden], gates [step, sequence, 3·hidden], and the state's part of the candidate [step, sequence, hidden].
 */
void forward(void*, TF_OpKernelContext* context) {
  Call call(context);
  TF_Tensor* inputs = call.input(0);
  const float* kernel = values(call.input(1));
  const float* bias = values(call.input(2));
  const Shape shape = shapeOf(inputs);
  const int64_t steps = shape[0], sequences = shape[1], hidden = shape[2] / 3;
  float* states = call.output(0, {steps, sequences, hidden});
  float* gates = call.output(1, shape);
  float* recurrent = call.output(2, {steps, sequences, hidden});
  if (states == nullptr || gates == nullptr || recurrent == nullptr) return;
  const float* projected = values(inputs);
  const std::vector<float> zeros(sequences * hidden);
  const float* before = zeros.data();
  for (int64_t step = 0; step < steps; step++) {
    std::vector<float> fromState(sequences * 3 * hidden);
    for (int64_t q = 0; q < sequences; q++) std::copy(bias, bias + 3 * hidden, fromState.data() + q * 3 * hidden);
    addProduct(before, kernel, sequences, hidden, 3 * hidden, fromState.data());
    for (int64_t q = 0; q < sequences; q++) {
      const float* input = projected + (step * sequences + q) * 3 * hidden;
      const float* own = fromState.data() + q * 3 * hidden;
      float* gate = gates + (step * sequences + q) * 3 * hidden;
      const int64_t at = (step * sequences + q) * hidden;
      for (int64_t i = 0; i < hidden; i++) {
        const float reset = sigmoid(input[i] + own[i]);
        const float update = sigmoid(input[hidden + i] + own[hidden + i]);
        const float candidate = std::tanh(input[2 * hidden + i] + reset * own[2 * hidden + i]);
        gate[i] = reset;
        gate[hidden + i] = update;
        gate[2 * hidden + i] = candidate;
        recurrent[at + i] = own[2 * hidden + i];
        states[at + i] = candidate + update * (before[q * hidden + i] - candidate);
      }
    }
    before = states + step * sequences * hidden;
  }
}

/** Inputs dStates, states, gates, recurrent, kernel; outputs the gradients of inputs, kernel and bias. */
void backward(void*, TF_OpKernelContext* context) {
  Call call(context);
  TF_Tensor* dStatesTensor = call.input(0);
  const float* dStates = values(dStatesTensor);
  const float* states = values(call.input(1));
  const float* gates = values(call.input(2));
  const float* recurrent = values(call.input(3));
  const float* kernel = values(call.input(4));
  const Shape shape = shapeOf(dStatesTensor);
  const int64_t steps = shape[0], sequences = shape[1], hidden = shape[2], wide = 3 * hidden;
  float* dInputs = call.output(0, {steps, sequences, wide});
  float* dKernel = call.output(1, {hidden, wide});
  float* dBias = call.output(2, {wide});
  if (dInputs == nullptr || dKernel == nullptr || dBias == nullptr) return;
  std::fill(dKernel, dKernel + hidden * wide, 0.0f);
  std::fill(dBias, dBias + wide, 0.0f);
  std::vector<float> turned(wide * hidden);  // the kernel's columns as rows
  for (int64_t i = 0; i < hidden; i++) {
    for (int64_t j = 0; j < wide; j++) turned[j * hidden + i] = kernel[i * wide + j];
  }
  const std::vector<float> zeros(sequences * hidden);
  std::vector<float> carried(sequences * hidden);  // gradient that comes back from the step after
  for (int64_t step = steps - 1; step >= 0; step--) {
    const float* before = step == 0 ? zeros.data() : states + (step - 1) * sequences * hidden;
    std::vector<float> dRecurrent(sequences * wide);
    for (int64_t q = 0; q < sequences; q++) {
      const int64_t at = (step * sequences + q) * hidden;
      const float* gate = gates + 3 * at;
      float* dInput = dInputs + 3 * at;
      float* own = dRecurrent.data() + q * wide;
      for (int64_t i = 0; i < hidden; i++) {
        const float reset = gate[i], update = gate[hidden + i], candidate = gate[2 * hidden + i];
        const float dState = dStates[at + i] + carried[q * hidden + i];
        const float dCandidate = dState * (1 - update) * (1 - candidate * candidate);
        own[i] = dInput[i] = dCandidate * recurrent[at + i] * reset * (1 - reset);
        own[hidden + i] = dInput[hidden + i] = dState * (before[q * hidden + i] - candidate) * update * (1 - update);
        dInput[2 * hidden + i] = dCandidate;
        own[2 * hidden + i] = dCandidate * reset;
        carried[q * hidden + i] = dState * update;
      }
      for (int64_t j = 0; j < wide; j++) dBias[j] += own[j];
    }
    addProduct(dRecurrent.data(), turned.data(), sequences, wide, hidden, carried.data());
    addOuterProducts(before, dRecurrent.data(), sequences, hidden, wide, dKernel);
  }
}

}  // namespace

std::vector<Operation> gruOperations() {
  return {
      {"SequelaGru",
       {"inputs: float", "kernel: float", "bias: float"},
       {"states: float", "gates: float", "recurrent: float"},
       {},
       nullptr,
       forward,
       nullptr},
      {"SequelaGruGrad",
       {"d_states: float", "states: float", "gates: float", "recurrent: float", "kernel: float"},
       {"d_inputs: float", "d_kernel: float", "d_bias: float"},
       {},
       nullptr,
       backward,
       nullptr},
  };
}

}  // namespace sequela
