// Everything an interpreter needs of Heddle.
#pragma once
#include "heddle/array.h"
#include "heddle/config.h"
#include "heddle/field.h"
#include "heddle/jit.h"
#include "heddle/make.h"
#include "heddle/object.h"
#include "heddle/result.h"
#include "heddle/root.h"
