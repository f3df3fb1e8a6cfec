option(TURNGATE_PCH "Parse what everybody includes once for each target" ON)

# turngate_precompile(<target>...): see precompiled.hpp.
function(turngate_precompile)
    if(NOT TURNGATE_PCH)
        return()
    endif()
    foreach(target ${ARGN})
        target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
            target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp") # for ccache
        endif()
    endforeach()
endfunction()
