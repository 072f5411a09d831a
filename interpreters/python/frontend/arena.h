// Memory for one compilation: bump-allocated blocks, freed all at once. What lives here is trivially destructible;
// text is held as string_view into the arena or the source, lists as list<T>.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::python {

// A frozen sequence in an arena.
template <class T> struct list {
    const T* items = nullptr;
    std::size_t count = 0;

    const T* begin() const { return items; }
    const T* end() const { return items + count; }
    std::size_t size() const { return count; }
    bool empty() const { return count == 0; }
    const T& operator[](std::size_t index) const { return items[index]; }
    const T& back() const { return items[count - 1]; }
};

class arena {
public:
    arena() = default;
    arena(const arena&) = delete;
    arena& operator=(const arena&) = delete;

    void* allocate(std::size_t size, std::size_t alignment) {
        std::size_t start = (used_ + alignment - 1) & ~(alignment - 1);
        if (blocks_.empty() || start + size > capacity_) {
            capacity_ = size > block_size ? size : block_size;
            blocks_.push_back(std::unique_ptr<std::byte[]>(new std::byte[capacity_]));
            start = 0;
        }
        used_ = start + size;
        return blocks_.back().get() + start;
    }

    template <class T, class... Arguments> T* make(Arguments&&... arguments) {
        static_assert(std::is_trivially_destructible_v<T>);
        return new (allocate(sizeof(T), alignof(T))) T{std::forward<Arguments>(arguments)...};
    }

    template <class T> list<T> freeze(const std::vector<T>& items) {
        static_assert(std::is_trivially_copyable_v<T>);
        if (items.empty()) return {};
        T* copy = static_cast<T*>(allocate(sizeof(T) * items.size(), alignof(T)));
        std::memcpy(static_cast<void*>(copy), items.data(), sizeof(T) * items.size());
        return {copy, items.size()};
    }

    std::string_view copy(std::string_view text) {
        if (text.empty()) return {};
        char* bytes = static_cast<char*>(allocate(text.size(), 1));
        std::memcpy(bytes, text.data(), text.size());
        return {bytes, text.size()};
    }

private:
    static constexpr std::size_t block_size = 32 * 1024;
    std::vector<std::unique_ptr<std::byte[]>> blocks_;
    std::size_t used_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace heddle::python
