// epoll(7), which the Glibc module leaves out.
#pragma once
#include <sys/epoll.h>
