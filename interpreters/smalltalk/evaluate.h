// Evaluating an expression in an image, with the image's own compiler.
#pragma once
#include "frame.h"
#include <string>

namespace heddle::smalltalk {

// The frame that evaluates source in a new process: to be given to run(), whose value is the answer's printString, or
// begins with "ERROR: ". Null, and an error text, if the image has no compiler.
W_Frame* frame_for_evaluation(const std::string& source, std::string& error);
// A frame without sender that sends the receiver a message without arguments and answers its value; null: the image's
// classes make no sense.
W_Frame* frame_for_message(W_Object* receiver, W_Object* selector);

} // namespace heddle::smalltalk
