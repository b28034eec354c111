# The code that link-time optimisation makes is kept beside Wasmtime, outside of the build tree: most of it is the same in
# every program that links a room, after most changes, and in every clone. The linker removes what nobody used for a month.
if(CMAKE_CXX_FLAGS_RELEASE MATCHES "-flto=thin")
  set(cache "$ENV{SALLYPORT_CACHE}")
  if(NOT cache)
    set(cache $ENV{HOME}/.cache/sallyport)
  endif()
  add_link_options($<$<CONFIG:Release>:-Wl,--thinlto-cache-dir=${cache}/thinlto>
                   $<$<CONFIG:Release>:-Wl,--thinlto-cache-policy=prune_after=720h:cache_size_bytes=2g>)
endif()
