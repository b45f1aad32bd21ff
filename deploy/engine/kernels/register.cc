// Makes the kernels known to TensorFlow when Node loads this library: `register(threads)`, once in a process, after the
// binding has been loaded.

#include <node_api.h>

#include <string>

#include "kernel.h"

namespace sequela {
namespace {

/** What went wrong, or nothing. */
std::string registerOperation(const Operation& operation) {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(operation.name);
  for (const char* attribute : operation.attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  for (const char* input : operation.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : operation.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  TF_Status* status = TF_NewStatus();
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_KernelBuilder* kernel =
        TF_NewKernelBuilder(operation.name, "CPU", operation.create, operation.compute, operation.destroy);
    TF_RegisterKernelBuilder(operation.name, kernel, status);
  }
  const std::string message = TF_GetCode(status) == TF_OK ? "" : TF_Message(status);
  TF_DeleteStatus(status);
  return message;
}

napi_value registerAll(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given;
  napi_get_cb_info(env, info, &count, &given, nullptr, nullptr);
  int32_t wanted = 1;
  if (count > 0 && napi_get_value_int32(env, given, &wanted) == napi_ok && wanted > 0) threads = wanted;
  for (const auto& family : {groupNormOperations(), poolingOperations(), gruOperations(), maxPoolOperations()}) {
    for (const Operation& operation : family) {
      const std::string message = registerOperation(operation);
      if (!message.empty()) {
        napi_throw_error(env, nullptr, (std::string(operation.name) + ": " + message).c_str());
        return nullptr;
      }
    }
  }
  return nullptr;
}

}  // namespace
}  // namespace sequela

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "register", NAPI_AUTO_LENGTH, sequela::registerAll, nullptr, &function);
  napi_set_named_property(env, exports, "register", function);
  return exports;
}
